"""What the documentation may name though the tree or the program does not have it, each with its reason. An entry that nothing needs
is an error, so that the table stays short."""

ALLOWED = {}

# Named already, and on their way into the tree. An entry that is there is only told, not an error; take it out then.
PENDING = {
    "docs/configuration.md": "the reference page that is generated from the option tables",
    "docs/writing-a-plugin.md": "the walk from nothing to a verified plugin",
    "tests/layering": "the test of who includes whom",
    "tests/contract": "the test of the contract's checksum",
    "core/api.sums": "the contract's checksums",
    "tests/schema": "the test of the JSON Schema",
    "tests/broken": "the table of broken configurations",
    "tests/conformance/faults": "the planted faults",
    "plugins/services/NAME": "the services",
}
