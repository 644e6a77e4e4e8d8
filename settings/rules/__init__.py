"""Rules that one setting alone can't break. Each takes the groups it names as parameters and yields what is wrong."""

from settings.rules import access, capacity, limits, network, study
from settings.rules.problem import Problem, Rule

RULES: tuple[Rule, ...] = (*network.RULES, *limits.RULES, *study.RULES, *capacity.RULES, *access.RULES)

__all__ = ["RULES", "Problem", "Rule"]
