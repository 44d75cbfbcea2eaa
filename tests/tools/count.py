"""count.py DIR: sums the JUnit files of ctest and pytest; the last line is what CI reads."""
import glob
import sys
import xml.etree.ElementTree as ET


def reason(element):
    text = element.get("message") or element.text or ""
    return text.strip().split("\n")[0]


def main(directory):
    passed = failed = 0
    skipped = {}
    for path in sorted(glob.glob(f"{directory}/*.xml")):
        for case in ET.parse(path).iter("testcase"):
            name = f"{case.get('classname') or ''} {case.get('name')}".strip()
            skip = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
                print(f"failed: {name}")
            elif skip is not None or case.get("status") in ("notrun", "disabled"):
                why = reason(skip) if skip is not None else "not run"
                skipped.setdefault(why, []).append(name)
            else:
                passed += 1
    for why, names in skipped.items():
        print(f"skipped {len(names)}: {why}")
    count = sum(len(n) for n in skipped.values())
    print(f"{passed} passed, {failed} failed, {count} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
