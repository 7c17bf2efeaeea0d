"""The imports of homes and of people."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.catalogue import load
from property_db.clock import Clock
from property_db.estates.models import Home, HomeState
from property_db.imports.places import Address, address, places, settle
from property_db.imports.reader import Row
from property_db.people.models import Binding, BindingState, Person, Role


class Counts(NamedTuple):
    """How many rows were new and how many were known and brought up to date."""

    created: int
    updated: int


def _words(name: str) -> dict[str, str]:
    words: dict[str, str] = load("imports/texts.yml")["words"][name]
    return words


async def homes(session: AsyncSession, rows: list[Row], _clock: Clock) -> Counts:
    """Enter homes with their estates, buildings and units; a known home gets its area and state from the file."""
    known = await places(session)
    seen: dict[Address, int] = {}
    created = 0
    for row in rows:
        where = address(row)
        area = row.number("area", places=2, largest=100_000)
        if area is not None and area <= 0:
            row.wrong("area", "not_positive")
        state = row.word("state", _words("home_state"), HomeState.OCCUPIED.value)
        if seen.setdefault(where, row.line) != row.line:
            row.wrong("room", "repeated", line=seen[where])
        if not row.errors and area is not None:
            created += await settle(session, known, where, int(area * 100), HomeState(state))
    await session.flush()
    return Counts(created, len(rows) - created)


class _Entry(NamedTuple):
    phone: str
    home: Home
    role: Role
    starts_on: date | None
    ends_on: date | None


async def people(session: AsyncSession, rows: list[Row], _clock: Clock) -> Counts:
    """Enter people and bind them to homes; a known number gets its name, a known binding its role and dates."""
    known = await places(session)
    names: dict[str, tuple[str, int]] = {}
    seen: dict[tuple[str, int], int] = {}
    entries: list[_Entry] = []
    for row in rows:
        name, phone = row.text("name"), row.mobile("phone")
        home = known.home(row)
        role = row.word("role", _words("role"), Role.OTHER.value)
        starts, ends = row.date("starts_on"), row.date("ends_on")
        if starts and ends and ends < starts:
            row.wrong("ends_on", "ends_before_start")
        first_name, line = names.setdefault(phone, (name, row.line))
        if phone and first_name != name:
            row.wrong("name", "name_conflict", phone=phone, line=line)
        if home is not None:
            if seen.setdefault((phone, home.id), row.line) != row.line:
                row.wrong("phone", "repeated", line=seen[phone, home.id])
            entries.append(_Entry(phone, home, Role(role), starts, ends))
    if any(row.errors for row in rows):
        return Counts(0, 0)
    return await _bind(session, entries, {phone: name for phone, (name, _) in names.items()})


async def _bind(session: AsyncSession, entries: list[_Entry], names: dict[str, str]) -> Counts:
    persons = {person.phone: person for person in await session.scalars(select(Person))}
    for phone, name in names.items():
        if phone in persons:
            persons[phone].name = name
        else:
            persons[phone] = Person(name=name, phone=phone)
            session.add(persons[phone])
    await session.flush()
    bindings = {(b.person_id, b.home_id): b for b in await session.scalars(select(Binding))}
    created = 0
    for entry in entries:
        key = (persons[entry.phone].id, entry.home.id)
        binding = bindings.get(key)
        if binding is None:
            binding = bindings[key] = Binding(person_id=key[0], home_id=key[1])
            session.add(binding)
            created += 1
        binding.role, binding.state = entry.role, BindingState.ACTIVE
        binding.starts_on, binding.ends_on = entry.starts_on, entry.ends_on
    await session.flush()
    return Counts(created, len(entries) - created)
