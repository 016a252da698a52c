"""What the pages may name although the tree and the program do not have it, each with its reason. An entry that nothing
needs is an error, so that the table stays short."""

ALLOWED = {}

# Named already, and on their way into the tree. An entry that is there by now is reported, but is not an error.
PENDING = {
    "plugins/services/NAME": "the services",
}
