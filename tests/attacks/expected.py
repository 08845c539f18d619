"""How each attack on loiter must end; those that are not here may end in any way."""

CALM = "GOAWAY ENHANCE_YOUR_CALM"

ENDS = {
    "Rapid Reset": CALM,
    "MadeYouReset": CALM,
}


def wrong(name, outcome):
    """What is wrong with this end; None if it is right."""
    if outcome == "it no longer answers":
        return outcome
    wanted = ENDS.get(name)
    return None if wanted is None or wanted in outcome else f"not {wanted}"
