"""What stands against an export. Part of the tree in `errors.py`."""

from services.errors import Conflict, RequestFault, ServiceFault


class ExportUnsupported(RequestFault):
    """The model can't be exported in this format."""

    code = "export_unsupported"


class ExportDiffers(Conflict):
    """The exported model answers differently from the stored one."""

    code = "export_differs"


class ExportFailed(ServiceFault):
    """The export could not be built."""

    code = "export_failed"
