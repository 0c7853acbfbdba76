"""Each registered act as a form and as a POST: one way in for all of them, and one way to say no."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import ValidationError

from ops.console.looking import Form, Look, Looking, local
from ops.desk.acting import AnyAct, ask, faults, inputs
from ops.desk.register import ACTS
from ops.desk.words import N_
from ops.repairs import Refusal
from ops.repairs.acts import NotAllowed, need_role

router = APIRouter()
_OURS = {"secret", "back"}


@router.get("/{on}/{subject}/{slug}")
def form(look: Look, on: str, subject: str, slug: str) -> Response:
    """Show the form of an act by itself."""
    act = ACTS.get((on, slug))
    if act is None or not act.can_be(subject):
        return look.missing(look._(N_("There is no such page.")))
    given = {
        name: value for name, value in look.request.query_params.items() if name in act.fields.model_fields
    }
    return _form(look, act, subject, given, {})


@router.post("/{on}/{subject}/{slug}")
async def do(request: Request, look: Look, on: str, subject: str, slug: str) -> Response:
    """Do an act: then the page that one came from, with what was done; or the form again, with why not."""
    given = {name: str(value) for name, value in (await request.form()).items()}
    return await run_in_threadpool(_do, look, ACTS.get((on, slug)), subject, given)


def _do(look: Looking, act: AnyAct | None, subject: str, given: dict[str, str]) -> Response:
    if act is None or not act.can_be(subject):
        return look.missing(look._(N_("There is no such page.")))
    written = {name: value for name, value in given.items() if name not in _OURS}
    try:
        need_role(look.visitor.name, look.visitor.roles, act.name)
        asked = ask(act, written)
    except NotAllowed as no:
        return look.page("refused.html", 403, sentence=str(no), back=f"/{act.on}/{subject}")
    except ValidationError as error:
        return _form(look, act, subject, written, faults(error), status=422)
    try:
        done = look.act(lambda c, person: act.do(c, subject, asked, person), getattr(asked, "reason", ""))
    except Refusal as no:
        return _form(look, act, subject, written, {}, refusal=str(no), status=409)
    then = act.then.format(made=done.made) if act.then else given.get("back") or f"/{act.on}/{subject}"
    return look.after(done, local(then))


def _form(
    look: Looking,
    act: AnyAct,
    subject: str,
    given: dict[str, str],
    wrong: dict[str, str],
    *,
    refusal: str = "",
    status: int = 200,
) -> Response:
    made = Form(act, act.path(subject), inputs(act.fields, given, wrong))
    return look.page(
        "act.html",
        status,
        form=made,
        refusal=refusal,
        back=f"/{act.on}/{subject}",
        may=look.visitor.may(act.name),
        subject=subject if act.named else f"payment {subject}" if act.on == "payments" else "",
    )
