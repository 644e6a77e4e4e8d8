"""Contracts that every stack keeps: functions of a plan, or of a source, that return the violations they find."""
