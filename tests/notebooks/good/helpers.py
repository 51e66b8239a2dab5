"""A module of the person, next to the notebooks."""


def by_plan(rows):
    return rows.group_by("plan").len("customers").sort("plan")
