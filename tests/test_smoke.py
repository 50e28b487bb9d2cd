from core.people.models import Group
from core.db import session
from sqlalchemy import select


def test_inside(inside):
    assert len(session.scalars(select(Group)).all()) == 2


def test_home(browser_of):
    r = browser_of("li").get("/")
    print(r.text[:3000])
    assert r.status_code == 200
    r = browser_of("wang", slug="xincheng").get("/")
    assert r.status_code == 302
    assert browser_of(None).get("/nope").status_code == 404
