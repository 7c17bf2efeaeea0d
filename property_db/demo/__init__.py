"""A demo company, the same for every start on the same day: `await demo.create(db, clock)`."""

from property_db.demo.service import PASSWORD, create, exists

__all__ = ["PASSWORD", "create", "exists"]
