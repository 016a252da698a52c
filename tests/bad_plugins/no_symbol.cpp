// A shared object that is not a plugin. The constructor would end the test: a file without the symbol must not be
// loaded at all.
#include <cstdlib>

namespace {
struct Ender {
    Ender() { std::abort(); }
} const ender;
}  // namespace
