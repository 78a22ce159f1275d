"""Checks whether two models can handle the same requests."""

from serving.model.contract.contract import Contract, ContractError
from serving.model.onnx_model import ModelRefusedError
from serving.schemas.recoding import Recoder


def require_pair(partner: Contract, production: Contract) -> None:
    """Require that a model can predict the rows of Production's requests.

    Raises:
        ModelRefusedError: If it cannot, or has other classes.
    """
    if partner.classes != production.classes:
        message = (
            f"the classes are {list(partner.classes)}, but Production's are"
            f" {list(production.classes)}"
        )
        raise ModelRefusedError("contract", message)
    try:
        Recoder(partner).recode(production.golden_rows.inputs, production)
    except ContractError as error:
        message = f"it cannot predict Production's rows: {error}"
        raise ModelRefusedError("contract", message) from None
