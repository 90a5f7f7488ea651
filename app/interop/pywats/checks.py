"""Counts and names what was compared. One line per check goes to standard output: outcome, domain, name, what was wrong."""
import sys
import traceback


class Checks:
    """The checks of one domain. Outcomes are ok, FAIL, and known: a defect of the client that is expected."""

    def __init__(self, domain):
        self.domain = domain
        self.counts = {"ok": 0, "FAIL": 0, "known": 0}
        self.names = set()

    def tell(self, outcome, name, text=""):
        if name in self.names:
            outcome, text = "FAIL", "two checks have this name"
        self.names.add(name)
        self.counts[outcome] += 1
        print("\t".join((outcome, self.domain, name, " ".join(str(text).split())[:600])))

    def same(self, name, got, want):
        if got == want and isinstance(got, bool) == isinstance(want, bool):
            self.tell("ok", name)
        else:
            self.tell("FAIL", name, f"got {got!r}, want {want!r}")

    def true(self, name, got, text=""):
        self.tell("ok" if got else "FAIL", name, "" if got else text or f"got {got!r}")

    def fields(self, name, thing, /, **want):
        """Compares members of an object or a dictionary, each a check of its own."""
        for field, value in want.items():
            if thing is None:
                self.tell("FAIL", f"{name}: {field}", "there is no such thing")
                continue
            got = thing.get(field) if isinstance(thing, dict) else getattr(thing, field, None)
            self.same(f"{name}: {field}", got, value)

    def raises(self, name, kind, call, holds=""):
        """Wants an exception of a kind, with a text in it."""
        try:
            got = call()
        except kind as err:
            self.true(name, holds in str(err) and "there is no route" not in str(err), f"{err} is for another reason than {holds!r}")
        except Exception as err:  # another kind is a finding
            self.tell("FAIL", name, f"{type(err).__name__}: {err}")
        else:
            self.tell("FAIL", name, f"got {got!r}, want {kind.__name__}")

    def known(self, name, reason, call):
        """Wants a call to fail because of a defect of the client. When it no longer does, the check belongs elsewhere."""
        try:
            got = call()
        except Exception as err:
            self.tell("known", name, f"{reason} ({type(err).__name__})")
        else:
            self.tell("FAIL", name, f"works after all, got {got!r}: {reason}")

    def defect(self, name, reason, got, right):
        """Wants a value to be wrong because of a defect of the client."""
        if got == right:
            self.tell("FAIL", name, f"right after all: {reason}")
        else:
            self.tell("known", name, f"{reason}: got {got!r}, right is {right!r}")

    def section(self, name, work, *args):
        """Runs a part of the checks; what it raises is one failed check, and the next part runs. It returns what the part does."""
        try:
            return work(*args)
        except Exception as err:
            at = traceback.extract_tb(sys.exc_info()[2])
            ours = [f"{f.name}:{f.lineno}" for f in at if f.filename.startswith(sys.path[0])]
            self.tell("FAIL", f"{name} runs to its end", f"{type(err).__name__}: {err} at {' '.join(ours)}")
            return None
