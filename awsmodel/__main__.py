"""`python -m awsmodel` derives the tables from the installed SDKs and CloudFormation schemas; `make setup` runs it."""

from awsmodel.derivation import build

build()
