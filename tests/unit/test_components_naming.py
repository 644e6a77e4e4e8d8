"""Names that a service would refuse are refused before it is asked."""

from __future__ import annotations

import pytest

from layout.naming import NameRefusedError, check_name


def test_a_load_balancers_name_that_aws_keeps_for_itself_is_refused():
    with pytest.raises(NameRefusedError):
        check_name("lb.LoadBalancer", "internal-dev-alb")
