"""The model hub over plain HTTP: what it says of a file, and the file's bytes from any position on.

Not through huggingface_hub: in 2.4 an interrupted download starts over when the command is called again (its
part files have random names; huggingface_hub issue 4196), large files come through a second protocol that ignores
HF_ENDPOINT, and only sizes are compared. The three things needed here are a GET for the metadata, a GET with
Range, and redirects that do not carry the token to another host.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit

from uprightd import __version__
from uprightd.errors import ConfigError, DataError, UnavailableError

ENDPOINT = "https://huggingface.co"
TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as lost."""
LARGEST_ANSWER = 4 << 20
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
SYSTEM_CERTIFICATES = Path("/etc/ssl/cert.pem")
"""Where macOS keeps the authorities it trusts; the Python of python.org comes there without any."""

BY_HAND = "or get the file in another way and run: uprightd models add PATH"
_COMMIT = re.compile("[0-9a-f]{40}")
_SHA256 = re.compile("[0-9a-f]{64}")
_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)")
_LENGTH = re.compile("[0-9]{1,18}")


def foreign(start: bytes) -> str:
    """Given a file's first bytes, return what it is where that is plain to see and not weights, else ""."""
    text = start[:512].lstrip().lower()
    if text.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer (the address of the file, not the file)"
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<?xml")):
        return "a web page"
    return ""


class InterruptedTransferError(UnavailableError):
    """The connection failed in a way that may be better at the next attempt."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A file on the hub as the hub's metadata describe it: at which commit, how long, with which hash."""

    repository: str
    file: str
    revision: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Body:
    """A file's bytes as they come: from which position on, and of how many in all (None: the server does not say)."""

    start: int
    total: int | None
    response: http.client.HTTPResponse

    def read(self, most: int) -> bytes:
        """Return the next bytes, b"" at the end. Raise InterruptedTransferError when the connection is lost."""
        try:
            return self.response.read1(most)
        except (OSError, http.client.HTTPException) as error:
            raise InterruptedTransferError(
                f"the connection to the hub was lost ({_reason(error)})",
                "Check the network and run the command again: it goes on where it stopped.",
            ) from error


class Hub:
    """A hub at an address; `token` only for what asks for one. `offline`: refuse before anything is sent."""

    def __init__(
        self, endpoint: str = ENDPOINT, token: str = "", timeout: float = TIMEOUT, offline: bool = False
    ) -> None:
        self.endpoint = _checked(endpoint)
        self._token = token
        self._timeout = timeout
        self._offline = offline
        self._opener = _opener(self.endpoint)

    def describe(self, repository: str, revision: str, file: str) -> Remote:
        """Given a repository, a branch or commit, and a file's name, return what the hub says of it.

        Raise UnavailableError when the hub has no answer or no such file, DataError when its answer makes no sense.
        """
        path = f"/api/models/{repository}/revision/{quote(revision, safe='')}?blobs=true"
        with self._get(path, repository, {"Accept": "application/json"}) as response:
            try:
                text = response.read(LARGEST_ANSWER)
            except (OSError, http.client.HTTPException) as error:
                raise self._lost(_reason(error)) from error
        try:
            answer = json.loads(text)
            commit = answer["sha"]
            listed = {it["rfilename"]: it for it in answer["siblings"]}
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise self._strange(repository, foreign(text) or "something else than its description") from error
        if file not in listed:
            raise UnavailableError(
                f"{repository}: has no file {file} at {revision}", f"Update uprightd, {BY_HAND}"
            )
        size, digest = _size_and_hash(listed[file])
        if not (
            _COMMIT.fullmatch(str(commit)) and type(size) is int and size > 0 and _SHA256.fullmatch(digest)
        ):
            raise self._strange(repository, f"no commit, size and SHA-256 for {file}")
        if _COMMIT.fullmatch(revision) and commit != revision:
            raise self._strange(repository, f"commit {commit} instead of the pinned {revision}")
        return Remote(repository, file, commit, size, digest)

    @contextmanager
    def open(self, remote: Remote, start: int) -> Iterator[Body]:
        """Given a file and a position, yield its bytes from there on, or from 0 where the server cannot do that.

        Raise UnavailableError, InterruptedTransferError among them, or DataError for a part not asked for.
        """
        path = f"/{remote.repository}/resolve/{remote.revision}/{quote(remote.file)}"
        with self._get(path, remote.repository, {"Range": f"bytes={start}-"} if start else {}) as response:
            if response.status != http.HTTPStatus.PARTIAL_CONTENT:
                length = response.headers.get("Content-Length", "")
                yield Body(0, int(length) if _LENGTH.fullmatch(length) else None, response)
                return
            given = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if given is None or int(given[1]) != start:
                raise self._strange(
                    remote.repository, f"another part of {remote.file} than the one asked for"
                )
            yield Body(start, None if given[2] == "*" else int(given[2]), response)

    @contextmanager
    def _get(
        self, path: str, repository: str, headers: Mapping[str, str]
    ) -> Iterator[http.client.HTTPResponse]:
        if self._offline:
            raise UnavailableError(
                "HF_HUB_OFFLINE is set, so nothing is fetched", f"Unset it for this one command, {BY_HAND}"
            )
        known = {"User-Agent": f"uprightd/{__version__}", **headers}
        request = urllib.request.Request(self.endpoint + path, headers=known)  # noqa: S310 - the scheme is checked
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        try:
            response = self._opener.open(request, timeout=self._timeout)
        except HTTPError as error:
            with error:
                raise self._refusal(error, repository) from error
        except (OSError, http.client.HTTPException) as error:
            raise self._lost(_reason(error), error) from error
        except ValueError as error:
            raise self._strange(repository, f"an address that is none ({error})") from error
        with response:
            yield response

    def _lost(self, reason: str, error: Exception | None = None) -> UnavailableError:
        cause = error.reason if isinstance(error, URLError) else error
        if isinstance(cause, ssl.SSLCertVerificationError):
            return UnavailableError(
                f"{self.endpoint}: its certificate is not trusted here ({cause.verify_message})",
                f"Check the date of this machine; behind a company's proxy set SSL_CERT_FILE to its list, {BY_HAND}",
            )
        return InterruptedTransferError(
            f"{self.endpoint}: no connection ({reason})",
            f"Check the network and run the command again: it goes on where it stopped; {BY_HAND}",
        )

    def _strange(self, repository: str, what: str) -> DataError:
        return DataError(
            f"{repository}: {self.endpoint} answered with {what}",
            f"Look whether a login page or a proxy is in between, and run the command again; {BY_HAND}",
        )

    def _refusal(self, error: HTTPError, repository: str) -> UnavailableError:
        """Given the hub's refusal, return it in words: what is not there, not allowed, or not working."""
        code = error.headers.get("X-Error-Code", "")
        page = f"{self.endpoint}/{repository}"
        if code == "GatedRepo" or (error.code in (401, 403) and code != "RepoNotFound"):
            return UnavailableError(
                f"{repository}: the hub wants to know who asks (HTTP {error.code})",
                f"Ask for access at {page}, then run the command with HF_TOKEN set to a token of yours; {BY_HAND}",
            )
        if error.code in (408, 429) or error.code >= 500:
            return InterruptedTransferError(
                f"{self.endpoint}: has trouble of its own (HTTP {error.code})",
                f"Run the command again later: it goes on where it stopped; {BY_HAND}",
            )
        known = {
            "RepoNotFound": "it",
            "RevisionNotFound": "the pinned commit of it",
            "EntryNotFound": "its file",
        }
        missing = known.get(code, "what was asked for")
        return UnavailableError(
            f"{repository}: the hub does not have {missing} (HTTP {error.code})",
            f"Look at {page}, update uprightd, {BY_HAND}",
        )


def hub_from(environ: Mapping[str, str] = os.environ) -> Hub:
    """Given the environment, return the hub that HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE ask for."""
    offline = environ.get("HF_HUB_OFFLINE", "").strip().lower() in {"1", "true", "yes", "on"}
    endpoint = environ.get("HF_ENDPOINT", "").strip() or ENDPOINT
    token = environ.get("HF_TOKEN", "").strip()
    if not re.fullmatch("[!-~]*", token):
        raise ConfigError("HF_TOKEN holds characters that no token has", "Set it to one token, or unset it.")
    return Hub(endpoint, token, offline=offline)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow redirects, without the token to another host and never from https to anything less."""

    def http_error_302(self, req, fp, code, msg, headers):
        try:
            return super().http_error_302(req, fp, code, msg, headers)
        except BaseException:
            fp.close()
            raise

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if new.scheme not in ("https", old.scheme):
            raise UnavailableError(
                f"{old.scheme}://{old.netloc}: sends on to {new.scheme}://{new.netloc}, which is not protected",
                f"Look whether a proxy is in between; {BY_HAND}",
            )
        onward = super().redirect_request(req, fp, code, msg, headers, newurl)
        if onward is not None and (old.scheme, old.netloc) != (new.scheme, new.netloc):
            onward.remove_header("Authorization")
        return onward


def _opener(endpoint: str) -> urllib.request.OpenerDirector:
    """Given the hub's address, return what opens its pages: one on this machine without a proxy."""
    if urlsplit(endpoint).hostname in LOOPBACK:
        return urllib.request.build_opener(_Redirects(), urllib.request.ProxyHandler({}))
    tls = ssl.create_default_context()
    if not tls.cert_store_stats()["x509_ca"] and SYSTEM_CERTIFICATES.exists():
        tls.load_verify_locations(SYSTEM_CERTIFICATES)
    return urllib.request.build_opener(_Redirects(), urllib.request.HTTPSHandler(context=tls))


def _checked(endpoint: str) -> str:
    try:
        parts = urlsplit(endpoint)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        sound = bool(parts.hostname) and safe and not (parts.query or parts.fragment)
    except ValueError:
        sound = False
    if not sound:
        raise ConfigError(
            f"HF_ENDPOINT is {endpoint!r}: expected an address that begins with https://",
            f"Set it to such an address, or unset it to use {ENDPOINT}.",
        )
    return endpoint.rstrip("/")


def _size_and_hash(listed: Mapping[str, object]) -> tuple[object, str]:
    lfs = listed.get("lfs")
    if not isinstance(lfs, dict):
        return listed.get("size"), ""
    return lfs.get("size"), str(lfs.get("sha256", ""))


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    return str(getattr(cause, "strerror", "") or cause or type(cause).__name__)
