// A shared object that is no plugin. Its constructor would end the test: a file without the symbol must not be loaded
// at all.
#include <cstdlib>

namespace {
struct Ender {
    Ender() { std::abort(); }
} const ender;
}  // namespace
