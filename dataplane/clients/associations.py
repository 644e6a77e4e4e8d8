"""DICOM associations of a sender, such as a modality of a center."""

from __future__ import annotations

import ssl
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.association import Association

VERIFICATION = "1.2.840.10008.1.1"
FIND, MOVE, GET = (f"1.2.840.10008.5.1.4.1.2.2.{number}" for number in (1, 2, 3))
"""SOP classes of C-ECHO, and of queries and retrievals at study level."""

TIMEOUT_SECONDS = 5


def tls_context(folder: Path, bundle: Mapping[str, str], *, present: bool = True) -> ssl.SSLContext:
    """TLS with a center's certificate bundle; without `present` no client certificate is shown."""
    (folder / "authority.crt").write_text(bundle["authority"])
    context = ssl.create_default_context(cafile=str(folder / "authority.crt"))
    if present:
        (folder / "sender.pem").write_text(bundle["certificate"] + bundle["privateKey"])
        context.load_cert_chain(folder / "sender.pem")
    return context


@contextmanager
def associate(
    port: int,
    tls: ssl.SSLContext | None,
    *,
    host: str,
    calling: str,
    called: str,
    dataset: Dataset | None = None,
    sop_classes: Sequence[str] = (),
    timeout: float = TIMEOUT_SECONDS,
) -> Generator[Association]:
    """Requests an association with `port` on loopback; check `is_established`. Without `tls` it is plain TCP.

    It proposes the storage of `dataset`, or else `sop_classes`: by default verification, CT storage and queries.
    """
    entity = AE(ae_title=calling)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = entity.connection_timeout = timeout
    if dataset is not None:
        entity.add_requested_context(dataset.SOPClassUID, dataset.file_meta.TransferSyntaxUID)
    else:
        for sop_class in sop_classes or (VERIFICATION, CTImageStorage, FIND):
            entity.add_requested_context(sop_class, ExplicitVRLittleEndian)
    association = entity.associate("127.0.0.1", port, ae_title=called, tls_args=(tls, host) if tls else None)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()
