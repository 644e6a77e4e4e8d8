"""What outlives a destroy: the names of retained resources and of deleted secrets stay taken in the next `up`."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.cloud.errors import AwsError
from tests.unit.simulated import Simulated

BUCKET, SECRET = "aws:s3/bucket:Bucket", "aws:secretsmanager/secret:Secret"
KEY, ALIAS = "aws:kms/key:Key", "aws:kms/alias:Alias"
RETAINED: list[tuple[str, dict[str, Any], str, str]] = [
    (BUCKET, {"bucket": "octank-audit"}, "BucketAlreadyOwnedByYou", "bucket"),
    ("aws:backup/vault:Vault", {"name": "octank"}, "AlreadyExistsException", "name"),
    ("aws:cloudwatch/logGroup:LogGroup", {"name": "/octank/log"}, "ResourceAlreadyExistsException", "name"),
    ("aws:ecr/repository:Repository", {"name": "octank/web"}, "RepositoryAlreadyExistsException", "name"),
]


@pytest.mark.parametrize(("token", "inputs", "code", "path"), RETAINED, ids=[row[0] for row in RETAINED])
def test_the_next_up_is_refused_the_name_of_a_retained_resource(
    simulated: Simulated, token: str, inputs: dict[str, Any], code: str, path: str
) -> None:
    simulated.create(token, "retained", inputs)  # the engine forgets it at a destroy, and never deletes it
    with pytest.raises(AwsError) as caught:
        simulated.create(token, "retained", inputs)
    assert (caught.value.code, caught.value.path) == (code, path)


def test_the_next_up_is_refused_the_name_of_a_secret_that_is_scheduled_for_deletion(simulated: Simulated) -> None:
    secret = simulated.create(SECRET, "secret", {"name": "octank/db", "recoveryWindowInDays": 7})
    simulated.delete(SECRET, "secret", secret["id"])
    with pytest.raises(AwsError) as caught:
        simulated.create(SECRET, "secret", {"name": "octank/db", "recoveryWindowInDays": 7})
    assert (caught.value.code, caught.value.path) == ("InvalidRequestException", "name")


def test_a_secret_that_exists_is_refused_with_the_code_of_its_service(simulated: Simulated) -> None:
    simulated.create(SECRET, "first", {"name": "octank/db"})
    with pytest.raises(AwsError, match="ResourceExistsException"):
        simulated.create(SECRET, "second", {"name": "octank/db"})


def test_a_retained_key_loses_its_alias_to_the_key_of_the_next_up(simulated: Simulated) -> None:
    retained = simulated.create(KEY, "audit", {})
    alias = simulated.create(ALIAS, "audit-alias", {"name": "alias/octank/audit", "targetKeyId": retained["keyId"]})
    simulated.delete(ALIAS, "audit-alias", alias["id"])
    assert simulated.provider.cloud.of_type(ALIAS) == [], "nothing finds the retained key by its alias any more"
    key = simulated.create(KEY, "audit", {})
    assert key["keyId"] != retained["keyId"]
    again = simulated.create(ALIAS, "audit-alias", {"name": "alias/octank/audit", "targetKeyId": key["keyId"]})
    assert again["targetKeyId"] == key["keyId"]
