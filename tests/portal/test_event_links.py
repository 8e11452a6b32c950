"""Where the addresses in events lead a person."""

from __future__ import annotations

from bookbridge.sync import datasets, events
from tests.portal.conftest import Person, Site
from tests.portal.test_portal_pages import signed_in


async def test_events_lead_to_pages(site: Site, person: Person) -> None:
    await signed_in(site, person)
    views = site.services.views
    company = await site.company()
    connection = await site.connection(company)
    async with site.pool.acquire() as db, db.transaction():
        (dataset,) = await datasets.insert(
            db, company_id=company.id, connection_id=connection.id, data_types=["bills"], is_initial=False
        )
        (issue,) = await events.issues(db, views, dataset, deletions_held=30)
    page = await person.open(issue["links"]["portal"])
    assert page.status == 200
    assert "Bills" in page.text
    page = await person.open(views.reference(company).links.portal)
    assert (page.status, page.heading) == (200, company.name)
