"""The versions of SOAP and the styles of its bodies: what the standards fix, for a table of names to choose from."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Style(StrEnum):
    """How a SOAP body holds an operation, as the WSDL's binding says."""

    DOCUMENT = "document"  # an element of the XSD
    RPC = "rpc"  # an element named as the operation, with its parts below, which have no namespace


@dataclass(frozen=True, slots=True)
class Soap:
    """A version of SOAP. `statuses`: the HTTP statuses with which a service answers; any other is a proxy's.

    `content_type` may hold `{action}`; `action_header`: whether the action is sent as a header of its own. The last three
    are paths below a fault: of its code, its sentence, and what the contract's own fault stands in.
    """

    version: str
    namespace: str
    content_type: str
    action_header: bool
    statuses: frozenset[int]
    fault_code: str
    fault_text: str
    fault_detail: str


SOAP_1_1: Final = Soap(
    "1.1",
    "http://schemas.xmlsoap.org/soap/envelope/",
    "text/xml; charset=utf-8",
    action_header=True,
    statuses=frozenset({200, 500}),
    fault_code="faultcode",
    fault_text="faultstring",
    fault_detail="detail",
)
_SOAP_1_2 = "http://www.w3.org/2003/05/soap-envelope"
SOAP_1_2: Final = Soap(
    "1.2",
    _SOAP_1_2,
    'application/soap+xml; charset=utf-8; action="{action}"',
    action_header=False,
    statuses=frozenset({200, 400, 500}),  # 400: the sender's fault
    fault_code=f"{{{_SOAP_1_2}}}Code/{{{_SOAP_1_2}}}Value",
    fault_text=f"{{{_SOAP_1_2}}}Reason/{{{_SOAP_1_2}}}Text",
    fault_detail=f"{{{_SOAP_1_2}}}Detail",
)
