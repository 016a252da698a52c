// The diagnostics of documents that are not valid YAML, whatever they configure.
#include "broken.h"

namespace embedq::config::testing {
namespace {

const Case document_cases[] = {
    {"EmptyDocument", R"y()y",
     R"s(c.yaml:1:1: error: the document is empty; begin it with `version: 1`
)s"},
    {"RootIsASequence", R"y(- version: 1
)y",
     R"s(c.yaml:1:1: error: found a sequence, expected a mapping that begins with `version: 1`
)s"},
    {"DuplicateKeys", R"y(version: 1
store:
  plugin: sqlite
  options: { path: a, path: b }
logging: {}
store: { plugin: memory }
)y",
     R"s(c.yaml:4:23: error: duplicate key 'path': it is already in line 4, column 14; keep one of them
c.yaml:6:1: error: duplicate key 'store': it is already in line 2, column 1; keep one of them
)s"},
    {"MergeOfATextAndASequence", R"y(version: 1
store: { plugin: memory, <<: [memory, {}] }
notifier: { <<: local }
)y",
     R"s(c.yaml:2:31: error: found 'memory' after '<<', expected the alias of a mapping, such as `<<: *name`, or a )s"
     R"s(sequence of such aliases
c.yaml:3:11: error: notifier: the key 'plugin' is missing, expected the name of a notifier plugin; installed are )s"
     R"s(local, poll
c.yaml:3:17: error: found 'local' after '<<', expected the alias of a mapping, such as `<<: *name`, or a sequence )s"
     R"s(of such aliases
)s"},
    {"KeyIsASequence", R"y(version: 1
? [a, b]
: c
)y",
     R"s(c.yaml:2:3: error: found a sequence as a key, expected a name
)s"},
    {"SyntaxError", R"y(version: 1
store: { plugin: sqlite
notifier: { plugin: local }
)y",
     R"s(c.yaml:3:9: error: not valid YAML: a '{' before this position is not closed by '}', a text in it is not )s"
     R"s(closed by its quote, or a ',' is missing
)s"},
    {"TabIndentation", "version: 1\nstore:\n	plugin: sqlite\n",
     R"s(c.yaml:3:8: error: not valid YAML: line 3 is indented by a tab; use spaces
)s"},
    {"BadIndentation", R"y(version: 1
store:
  plugin: sqlite
   options: {}
)y",
     R"s(c.yaml:4:11: error: not valid YAML: this ':' does not follow a key; check the indentation, and quote texts )s"
     R"s(that contain ': '
)s"},
    {"TwoDocuments", R"y(version: 1
logging: { level: loud }
---
version: 1
)y",
     R"s(c.yaml:2:19: error: logging.level: found 'loud', expected one of trace, debug, info, warn, error
c.yaml:3:1: error: a second document starts here, but one file has one configuration
)s"},
    {"UnknownAnchor", R"y(version: 1
store: *nowhere
)y",
     R"s(c.yaml:2:8: error: the alias '*nowhere' has no anchor; write '&nowhere' before the node to repeat, further up
)s"},
    {"SelfReference", R"y(version: 1
store: &a
  plugin: memory
  options: { x: *a }
)y",
     R"s(c.yaml:4:17: error: this alias is inside the node that it repeats, but a node cannot contain itself
)s"},
    {"ForeignTag", R"y(version: 1
store: !!python/object { plugin: memory }
)y",
     R"s(c.yaml:2:8: error: unknown tag 'tag:yaml.org,2002:python/object'; remove it, since the configuration has )s"
     R"s(no types of its own
)s"},
    {"ControlCharacter",
     "version: 1\nlogging: { level: \"a\x04"
     "b\" }\n",
     R"s(c.yaml:2:21: error: found the control character 0x04, which YAML does not allow; remove it
)s"},
    {"NotUtf8", "version: 1\nlogging:\n  level: \"\xe9\"\n",
     R"s(c.yaml:3:11: error: found the byte 0xE9, expected UTF-8; save the file in that encoding
)s"},
    {"QuoteLeftOpen", R"y(version: 1
logging: { level: "info }
)y",
     R"s(c.yaml:3:1: error: not valid YAML: a '{' before this position is not closed by '}', a text in it is not )s"
     R"s(closed by its quote, or a ',' is missing
)s"},
    {"TextWithColon", R"y(version: 1
logging:
  level: info: debug
)y",
     R"s(c.yaml:3:14: error: not valid YAML: this ':' does not follow a key; check the indentation, and quote texts )s"
     R"s(that contain ': '
)s"},
    {"SequenceLeftOpen", R"y(version: 1
plugins: { paths: [a, b }
)y",
     R"s(c.yaml:2:25: error: not valid YAML: this ']' or '}' does not close what was opened last
)s"},
    {"KeyWithoutColon", R"y(version: 1
store
logging: {}
)y",
     R"s(c.yaml:3:8: error: not valid YAML: this ':' does not follow a key; check the indentation, and quote texts )s"
     R"s(that contain ': '
)s"},
    {"NullKey", R"y(version: 1
~: 3
)y",
     R"s(c.yaml:2:1: error: found nothing as a key, expected a name
)s"},
    {"NestedTooDeep", R"y(version: 1
store: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
)y",
     R"s(c.yaml:2:71: error: nested more than 64 levels deep, but no key of the configuration is that deep
)s"},
};

INSTANTIATE_TEST_SUITE_P(Documents, Broken, ::testing::ValuesIn(document_cases),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace embedq::config::testing
