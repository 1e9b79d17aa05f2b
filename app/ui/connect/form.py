"""The fields of a connection: what a person typed, checked field by field."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from PySide6.QtCore import QFileInfo, Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLineEdit, QWidget

from app.core.objects import Addressing, ConnectionSpec, ProfileInfo
from app.ui.browser.location import Location, parse_location
from app.ui.connect.file_line import FileLine
from app.ui.plain import plain_label, shown_name

FIELD_PX = 320
PROFILE, KEYS, ANONYMOUS = range(3)
_SIGN_IN = ("An AWS profile", "Access keys", "Nothing (public buckets)")
_ADDRESSING = {
    Addressing.AUTO: "Automatic",
    Addressing.PATH: "Bucket in the path",
    Addressing.VIRTUAL: "Bucket in the host name",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a field, in a sentence."""

    field: QWidget
    text: str


class ConnectionForm(QWidget):
    """Edits one ConnectionSpec and the location to start at."""

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wanted_profile = ""
        self.sign_in = QComboBox(self)
        self.sign_in.addItems(_SIGN_IN)
        self.profile = QComboBox(self)
        self.access_key_id = self._line()
        self.secret_access_key = self._line(is_hidden=True)
        self.session_token = self._line("only with temporary keys", is_hidden=True)
        self.endpoint_url = self._line("empty for AWS, else https://host:port")
        self.region = self._line("what the profile says")
        self.bucket = self._line("bucket or s3://bucket/prefix")
        self.addressing = QComboBox(self)
        for addressing, words in _ADDRESSING.items():
            self.addressing.addItem(words, addressing)
        self.ca_bundle = self._line("a file, where the server has its own authority")
        self.requester_pays = QCheckBox("I pay for requests and traffic (requester pays)", self)
        self._memory_note = plain_label("Keys are kept in memory only, until Downspout is closed.", self)
        self._lay_out()
        self.show_profiles(())
        self.sign_in.currentIndexChanged.connect(self._show_sign_in)
        self._show_sign_in()

    def show_profiles(self, profiles: tuple[ProfileInfo, ...]) -> None:
        """Offer these profiles, after what boto3 would pick by itself; the choice made so far stays."""
        wanted = self._wanted_profile or self.profile.currentData() or ""
        self.profile.clear()
        self.profile.addItem("Default", "")
        for info in profiles:
            self.profile.addItem(shown_name(f"{info.name} (sso)" if info.is_sso else info.name), info.name)
        if wanted and self.profile.findData(wanted) < 0:
            self.profile.addItem(shown_name(wanted), wanted)
        self.profile.setCurrentIndex(max(0, self.profile.findData(wanted)))

    def show_spec(self, spec: ConnectionSpec, start: Location | None, *, needs_keys: bool = False) -> None:
        """Fill the fields."""
        self._wanted_profile = spec.profile
        if spec.profile and self.profile.findData(spec.profile) < 0:
            self.profile.addItem(shown_name(spec.profile), spec.profile)
        self.profile.setCurrentIndex(max(0, self.profile.findData(spec.profile)))
        has_keys = needs_keys or bool(spec.access_key_id)
        self.sign_in.setCurrentIndex(ANONYMOUS if spec.is_anonymous else KEYS if has_keys else PROFILE)
        self.access_key_id.setText(spec.access_key_id)
        self.secret_access_key.setText(spec.secret_access_key)
        self.session_token.setText(spec.session_token)
        self.endpoint_url.setText(spec.endpoint_url)
        self.region.setText(spec.region)
        self.bucket.setText(start.uri if start else "")
        self.addressing.setCurrentIndex(self.addressing.findData(spec.addressing))
        self.ca_bundle.setText(spec.ca_bundle)
        self.requester_pays.setChecked(spec.requester_pays)

    def spec(self) -> ConnectionSpec:
        """The connection that the fields describe; keys only where keys are the way to sign in."""
        way = self.sign_in.currentIndex()
        uses_keys = way == KEYS
        return ConnectionSpec(
            profile=(self.profile.currentData() or "") if way == PROFILE else "",
            endpoint_url=self.endpoint_url.text().strip(),
            region=self.region.text().strip(),
            addressing=Addressing(self.addressing.currentData()),
            is_anonymous=way == ANONYMOUS,
            ca_bundle=self.ca_bundle.text().strip(),
            requester_pays=self.requester_pays.isChecked(),
            access_key_id=self.access_key_id.text().strip() if uses_keys else "",
            secret_access_key=self.secret_access_key.text().strip() if uses_keys else "",
            session_token=self.session_token.text().strip() if uses_keys else "",
        )

    def start(self) -> Location | None:
        """The location to open first; None when the field is empty."""
        return parse_location(self.bucket.text(), None)

    def problem(self) -> Problem | None:
        """The first field that cannot be right; None when all may be."""
        spec = self.spec()
        if self.sign_in.currentIndex() == KEYS and not spec.access_key_id:
            return Problem(self.access_key_id, "An access key ID is needed to sign in with keys.")
        if spec.access_key_id and not spec.secret_access_key:
            return Problem(self.secret_access_key, "The secret access key is missing.")
        if spec.endpoint_url and (why := _endpoint_problem(spec.endpoint_url)):
            return Problem(self.endpoint_url, why)
        if self.bucket.text().strip() and self.start() is None:
            return Problem(self.bucket, "This names no bucket. Write its name, or s3://bucket/prefix.")
        if spec.ca_bundle and not QFileInfo(spec.ca_bundle).isFile():
            return Problem(self.ca_bundle, "There is no such file of certificates.")
        return None

    def forget_keys(self) -> None:
        """Empty the fields of the typed keys."""
        for line in (self.access_key_id, self.secret_access_key, self.session_token):
            line.clear()

    def _line(self, placeholder: str = "", *, is_hidden: bool = False) -> QLineEdit:
        line = QLineEdit(self)
        line.setPlaceholderText(placeholder)
        line.setMinimumWidth(FIELD_PX)
        if is_hidden:
            line.setEchoMode(QLineEdit.EchoMode.Password)
            line.setInputMethodHints(Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhHiddenText)
        line.textEdited.connect(self.edited)
        return line

    def _lay_out(self) -> None:
        form = self._form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("&Sign in with", self.sign_in)
        form.addRow("&Profile", self.profile)
        form.addRow("Access &key ID", self.access_key_id)
        form.addRow("Secret &access key", self.secret_access_key)
        form.addRow("Session &token", self.session_token)
        form.addRow("", self._memory_note)
        form.addRow("&Endpoint URL", self.endpoint_url)
        form.addRow("&Region", self.region)
        form.addRow("&Bucket", self.bucket)
        form.addRow("A&ddressing", self.addressing)
        kinds = "Certificates (*.pem *.crt *.cer *.ca-bundle);;All files (*)"
        self.ca_bundle_row = FileLine(self.ca_bundle, "Choose a CA bundle", kinds, self)
        form.addRow("CA b&undle", self.ca_bundle_row)
        form.addRow("", self.requester_pays)

    @Slot()
    def _show_sign_in(self) -> None:
        way = self.sign_in.currentIndex()
        self._form.setRowVisible(self.profile, way == PROFILE)
        for widget in (self.access_key_id, self.secret_access_key, self.session_token, self._memory_note):
            self._form.setRowVisible(widget, way == KEYS)
        self.edited.emit()


def _endpoint_problem(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return "This is not a URL."
    if "@" in parts.netloc:
        return "Keys do not belong in the URL. Choose “Access keys” above for them."
    return "" if is_good else "An endpoint starts with https:// or http:// and names a host."
