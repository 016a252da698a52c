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
    "tests/conformance/faults/store": "the planted faults of stores",
    "tests/conformance/program": "the program embedq-conformance",
    "tests/conformance/kit/provider": "the kit for providers",
    "tests/conformance/kit/notifier": "the kit for notifiers",
    "tests/conformance/kit/service": "the kit for services",
    "plugins/sdk/template": "the template of a plugin's project",
    "plugins/services": "the services",
    "conformance/provider_kit.h": "the kit for providers",
    "conformance/notifier_kit.h": "the kit for notifiers",
    "conformance/service_kit.h": "the kit for services",
    "plugins/services/NAME": "the services",
    "EMBEDQ_CASE_FOLDER": "set by the kit's program",
    "EMBEDQ_CASE_ID": "set by the kit's program",
    "embedq plugins new": "makes a plugin's project",
    "embedq plugins verify": "runs the kit on a plugin's file",
    "make rank": "the whole ranking evaluation",
}
