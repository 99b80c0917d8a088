"""X12 files of any size, and what is in them."""

from __future__ import annotations

from connectors.formats import x12

ISA = "ISA*00*          *00*          *02*PART           *ZZ*SHIP           *260918*1030*U*00401*{:09}*0*P*>~"


def interchange(control: int, sets: int, groups: int = 1, end: str = "\n", off: int = 0) -> bytes:
    lines = [ISA.format(control)]
    for group in range(groups):
        lines.append(f"GS*QM*PART*SHIP*20260918*1030*{group + 1}*X*004010~")
        for one in range(sets):
            lines += [f"ST*214*{one:06}~", f"B10*PRO{control}-{group}-{one}*SH*ABCD~", "AT7*D1*NS***20260918*0915~"]
            lines.append(f"SE*4*{one:06}~")
        lines.append(f"GE*{sets + off}*{group + 1}~")
    lines.append(f"IEA*{groups}*{control:09}~")
    return end.join(lines).encode()


def read(pieces: list[bytes]) -> list[x12.TransactionSet]:
    return [one for piece in pieces for one in x12.read(piece)[0]]


def numbers(sets: list[x12.TransactionSet]) -> list[str]:
    return [one.segments[0][1] for one in sets]
