"""A DICOM sender of a center, as a modality is one."""

from __future__ import annotations

import json
import ssl
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.association import Association

from dataplane.store import Store

CALLED = "MASTERBUILDER"
VERIFICATION = "1.2.840.10008.1.1"
FIND, MOVE, GET = (f"1.2.840.10008.5.1.4.1.2.2.{number}" for number in (1, 2, 3))
"""SOP classes of echo, and of queries and retrievals by study."""

SECONDS = 5
Bundle = Mapping[str, str]


def titles(store: Store) -> dict[str, list[str]]:
    """AE titles by center, as Orthanc is told them."""
    modalities = json.loads(store.stack.tasks["app"].environment["ORTHANC_CONFIGURATION"])["DicomModalities"]
    centers = {
        center: [one["AET"] for name, one in modalities.items() if name.startswith(center)]
        for center in store.stack.senders
    }
    return {center: found for center, found in centers.items() if found}


def context(folder: Path, bundle: Bundle, *, present: bool = True) -> ssl.SSLContext:
    """TLS as a center's sender does it; without `present` it shows no certificate."""
    (folder / "authority.crt").write_text(bundle["authority"])
    made = ssl.create_default_context(cafile=str(folder / "authority.crt"))
    if present:
        (folder / "sender.pem").write_text(bundle["certificate"] + bundle["privateKey"])
        made.load_cert_chain(folder / "sender.pem")
    return made


@contextmanager
def associated(
    store: Store,
    tls: ssl.SSLContext | None,
    *,
    calling: str,
    called: str = CALLED,
    dataset: Dataset | None = None,
    replica: int = 0,
    contexts: tuple[str, ...] = (),
    patience: float = SECONDS,
) -> Generator[Association]:
    """An association, established or not, for `dataset` as it is, or for verification, storage and queries."""
    entity = AE(ae_title=calling)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = entity.connection_timeout = patience
    if dataset is not None:
        entity.add_requested_context(dataset.SOPClassUID, dataset.file_meta.TransferSyntaxUID)
    else:
        for kind in contexts or (VERIFICATION, CTImageStorage, FIND):
            entity.add_requested_context(kind, ExplicitVRLittleEndian)
    target = store.replicas[replica]
    association = entity.associate(
        "127.0.0.1", target.dicom, ae_title=called, tls_args=(tls, target.host) if tls else None
    )
    try:
        yield association
    finally:
        if association.is_established:
            association.release()
