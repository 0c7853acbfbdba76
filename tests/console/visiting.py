"""A visitor of the console for a test: signs in, looks, and sends forms as a browser would, without any script."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from fastapi.testclient import TestClient
from lxml import html
from sqlalchemy import Connection, Engine, text

from ops.access import ALL_ROLES, Role
from ops.console import Desk, create
from ops.repairs import Person, people
from workers.journal import Ring
from workers.settings import Settings

PASSWORD = "correct horse battery"
SETTER_UP = Person("set-up", "for the test", ALL_ROLES)


@dataclass(slots=True)
class Shown:
    """A page as it came: its status, its text, its tree."""

    status: int
    address: str
    source: str
    headers: dict[str, str]

    @property
    def tree(self) -> html.HtmlElement:
        """The page as elements; XPath finds what a test looks for."""
        return html.fromstring(self.source)

    @property
    def text(self) -> str:
        """What a person reads in the main part, blanks made one."""
        found = self.tree.xpath("//main") or [self.tree]
        return " ".join(" ".join(found[0].itertext()).split())

    def links(self) -> list[str]:
        """Where the main part leads."""
        return [str(link) for link in self.tree.xpath("//main//a/@href")]

    def form(self, action: str) -> dict[str, str]:
        """The fields of the form that goes to `action`, with what stands in them."""
        found = self.tree.xpath(f"//form[@action='{action}']")
        assert found, f"no form goes to {action}; there are {self.tree.xpath('//form/@action')}"
        return {name: str(value or "") for name, value in found[0].fields.items()}


@dataclass(slots=True)
class Visitor:
    """Somebody at the console."""

    client: TestClient
    rung: list[Ring] = field(default_factory=list)

    def get(self, path: str) -> Shown:
        """Look at a page; redirects are followed."""
        return _shown(self.client.get(path))

    def send(self, page: str, action: str, **fields: str) -> Shown:
        """Fill in the form on `page` that goes to `action`, and send it."""
        filled = self.get(page).form(action) | fields
        return _shown(self.client.post(action, data=filled))


def visitor(engine: Engine, name: str = "kari", *roles: Role, site: Settings | None = None) -> Visitor:
    """Give a user of that name with these roles (all, if none is named), signed in at a console of this database."""
    rung: list[Ring] = []
    with engine.begin() as connection:
        user(connection, name, *(roles or tuple(Role)))
    client = TestClient(create(Desk(engine, rung.extend, secure=False, site=site)), follow_redirects=True)
    answer = client.post("/sign-in", data={"name": name, "password": PASSWORD, "back": "/payments"})
    assert answer.status_code == 200, answer.text
    return Visitor(client, rung)


def user(connection: Connection, name: str, *roles: Role, password: str | None = PASSWORD) -> None:
    """Add a user; before the first, who must be one, an administrator without a password."""
    if (
        Role.ADMIN not in roles
        and not connection.execute(text("SELECT EXISTS (SELECT FROM person)")).scalar()
    ):
        people.add(connection, "root", [Role.ADMIN], None, None, person=SETTER_UP)
    people.add(connection, name, roles, password, None, person=SETTER_UP)


def query_of(address: str) -> dict[str, str]:
    """The query of an address."""
    return dict(parse_qsl(urlsplit(address).query))


def _shown(answer: object) -> Shown:
    return Shown(answer.status_code, str(answer.url), answer.text, dict(answer.headers))  # type: ignore[attr-defined]
