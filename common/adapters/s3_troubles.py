"""What an S3 server refuses, in words that say what to do. Pure."""

from minio.deleteobjects import DeleteError
from minio.error import InvalidResponseError, S3Error, ServerError

_LONGEST = 300
_SERVER_FAULT = 500
_FAULT = "it is starting, overloaded or broken: its own log says which"
_NO_S3 = "perhaps that is no S3 server: check store.endpoint and store.secure"
_KEYS = "check store.access_key and store.secret_key"
_REGION = "set store.region to the bucket's"
_ADVICE = {
    "InvalidAccessKeyId": _KEYS,
    "SignatureDoesNotMatch": _KEYS,
    "AuthorizationHeaderMalformed": _REGION,
    "PermanentRedirect": _REGION,
    "NoSuchBucket": "make that bucket, or set store.bucket to one that is there",
    "RequestTimeTooSkewed": "set the clock of this machine, or of the store's",
    "XMinioStorageFull": "make room there",
    "QuotaExceeded": "make room there, or raise the bucket's quota",
}
_RIGHTS = {
    "check": "s3:ListBucket",
    "make": "s3:CreateBucket",
    "put": "s3:PutObject",
    "get": "s3:GetObject and s3:ListBucket",
    "delete": "s3:DeleteObject",
    "list": "s3:ListBucket",
    "expire": "s3:PutLifecycleConfiguration",
}


def words(error: S3Error | DeleteError) -> str:
    """Its code, and its message where that says more than the code."""
    code, message = error.code or "", error.message or ""
    same = message.replace(" ", "").rstrip(".").lower() == code.lower()
    return (code if same else f"{code} {message}".strip()) or "it does not say why"


def advice(error: Exception | DeleteError, call: str, *, anonymous: bool) -> str:
    """What to do about it; empty where the words say it all."""
    match error:
        case S3Error(code="AccessDenied") | DeleteError(code="AccessDenied"):
            if anonymous:
                return "set store.access_key and store.secret_key"
            return f"check store.secret_key, and give store.access_key the right {_RIGHTS[call]}"
        case S3Error(code=str(code)) if code in _ADVICE:
            return _ADVICE[code]
        case S3Error():
            return _FAULT if error.response.status >= _SERVER_FAULT else ""
        case ServerError(status_code=status) | InvalidResponseError(_code=status):
            return _FAULT if status >= _SERVER_FAULT else _NO_S3
        case _:
            return ""


def told(what: str, to_do: str) -> str:
    """Both, of bounded length, and never without what is to be done."""
    end = f"; {to_do}" if to_do else ""
    return what[: _LONGEST - len(end)] + end
