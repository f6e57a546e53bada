"""What all sections of the configuration share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Port = Annotated[int, Field(ge=1, le=65535)]


class Section(BaseModel):
    """A part of the configuration: frozen, strict about unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)
