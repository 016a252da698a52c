"""Which folder may include which, as tables.

docs/layering.md has the reasons; check.py checks the sources and the CMake links. A folder's rule also applies to
the folders below it, except those with their own rule. `*` stands for one folder, so that each plugin is checked
separately. A folder may include itself and the contract, and what its rule lists as the paths of other rules.
"""

from typing import NamedTuple


class Folder(NamedTuple):
    path: str
    may: list[str]
    note: str = ""
    below: bool = True  # False: a new folder below it needs its own rule


class Library(NamedTuple):
    name: str
    headers: list[str]  # a header, or a folder of headers if it ends with /
    targets: list[str]  # the names that CMake links; one that ends with :: stands for all of a package
    places: list[str]  # folders, including those below them, or single files
    note: str = ""


CONTRACT = "core/include"
SUPPORT = "core/support/include"  # a folder that may include the contract may include this, too

PRODUCTION = [
    SUPPORT, "core/sync", "core/settings", "core/files", "core/words", "core/catalog", "core/ranking", "core/net",
    "core/fetch", "core/endpoints", "core/scheduler", "core/engine", "core/cli", "core/cli/commands", "config",
    "plugins/loader", "plugins/notifiers/wake", "plugins/notifiers/*", "backends/documents", "backends/*",
    "providers/http", "providers/*",
]

FOLDERS = [
    Folder(CONTRACT, [], "outsiders use the contract with only a C++ compiler"),

    # What plugins and the host both need: it includes only the contract, and is installed with it.
    Folder(SUPPORT, [], "the nearest right name, the rules that every store keeps, how text is split into words"),

    # For all code with threads and loops: it includes only the contract, and is not installed.
    Folder("core/sync", [],
           "mutexes that clang checks, sleeps that a stop ends, how loops that retry wait and what they log"),

    # The host's parts, which do not depend on the loaded plugins.
    Folder("core/catalog", []),
    Folder("core/words", [], "a support library: the words that ranking and the offline provider both know"),
    Folder("core/ranking", ["core/words"], "a separate library, which benchmarks measure without documents"),
    Folder("core/settings", ["core/sync"], "the defaults of the host's settings, for the YAML and the parts"),
    Folder("core/files", [], "who may change a file, and commands: for the loader and the configuration"),
    Folder("core/net", [], "IP addresses: the configuration reads networks as the address guard does"),
    Folder("core/fetch", ["core/net", "core/settings"]),
    Folder("core/endpoints", ["core/sync", "core/settings", "core/catalog"], "all calls of providers go through it"),
    Folder("core/scheduler", ["core/sync", "core/settings", "core/catalog", "core/endpoints"]),
    Folder("core/engine", ["core/sync", "core/catalog", "core/ranking", "core/fetch", "core/endpoints"]),

    # The wiring.
    Folder("config", ["core/files", "core/net", "core/settings", "core/sync"]),
    Folder("plugins/loader", ["core/files", "core/sync"],
           "it loads what config names, but neither includes the other: core/cli/plugin_tables connects them"),
    Folder("core/cli", ["core/sync", "core/settings", "core/catalog", "core/engine", "core/fetch", "core/endpoints",
                        "core/scheduler", "config", "plugins/loader"]),
    Folder("core/cli/commands", ["core/cli", "core/catalog", "core/engine", "core/fetch"],
           "commands use the interfaces of core/cli/command_context.h, so that tests run them against fakes"),

    # Plugins: the contract, and support libraries next to them that include only the contract.
    Folder("backends/*", ["core/sync", "backends/documents"]),
    Folder("backends/documents", [], "the support library of the stores"),
    Folder("providers/*", ["core/sync", "core/words", "providers/http"]),
    Folder("providers/http", ["core/sync"], "the support library of the providers that use HTTP"),
    Folder("plugins/notifiers/*", ["core/sync", "plugins/notifiers/wake"]),
    Folder("plugins/notifiers/wake", ["core/sync"], "the support library of the notifiers"),
    Folder("plugins/sdk/template", ["tests/conformance/include"],
           "what the author of a new plugin starts with: installed headers only"),

    # Tests and benchmarks include what they test.
    Folder("tests/conformance/include", [], "the kit is installed: plugin authors have it and the contract"),
    Folder("tests/conformance/kit", ["tests/conformance/include"]),
    Folder("tests/conformance", ["tests/conformance/include", "backends/*"]),
    Folder("tests/conformance/program", ["tests/conformance", "tests/conformance/include", "tests/conformance/kit",
                                         "core/cli", "core/endpoints", "core/engine", "core/scheduler", "config",
                                         "plugins/loader"],
           "it opens plugins like the program"),
    Folder("tests/conformance/plugins", ["tests/conformance", "tests/conformance/include", "tests/conformance/kit",
                                         "config", "plugins/loader"]),
    Folder("tests/bad_plugins", ["plugins/loader", "tests", "tests/conformance/include"]),
    Folder("tests/unit", [*PRODUCTION, "tests", "tests/conformance/include", "tests/support",
                          "tests/support/protocol_server"]),
    Folder("tests/unit/ranking_evaluation", ["benchmarks/ranking", "core/catalog", "core/ranking"],
           "a benchmark is tested like a part"),
    Folder("tests/locks", ["core/sync", "core/catalog", "core/endpoints", "core/scheduler"],
           "clang's diagnostics for wrong and right locking"),
    Folder("tests/fuzz", ["config", "core/catalog", "providers/http"]),
    Folder("tests/support", [], "servers for tests; they include nothing of embedq"),
    Folder("tests/support/protocol_server", [], "a server that any test may run"),
    Folder("tests/unit/scheduler", [*PRODUCTION, "tests", "tests/conformance", "tests/conformance/include"],
           "the kit's tests have a store that forwards every verb"),
    Folder("tests/unit/endpoints", [*PRODUCTION, "tests", "tests/conformance", "tests/conformance/include",
                                    "tests/unit/scheduler"],
           "it uses the providers and the store of the scheduler's tests"),
    Folder("tests/unit/engine", [*PRODUCTION, "tests", "tests/conformance", "tests/conformance/include",
                                 "tests/unit/scheduler"],
           "its fixture runs a scheduler and uses the same store"),
    Folder("tests/unit/protocol_server", ["tests/support/protocol_server"],
           "what tests depend on is tested like a part"),
    Folder("tests", ["tests/conformance/include"], "helpers of all tests", below=False),
    Folder("benchmarks/micro", ["core/catalog", "core/ranking", "core/endpoints", "core/scheduler", "core/cli",
                                "config", "plugins/loader", "providers/*", "providers/http"]),
    Folder("benchmarks/drain", ["benchmarks/micro", "core/cli"]),
    Folder("benchmarks/ranking", ["core/catalog", "core/ranking", "providers/*"]),
]

# Which files may use which library. The types that cross the plugin boundary use only the standard library.
LIBRARIES = [
    Library("Boost.DLL", ["boost/dll/"], ["Boost::"], ["plugins/loader/shared_object.cpp"],
            "one file loads shared objects"),
    Library("Boost.CRC", ["boost/crc.hpp"], ["Boost::"],
            ["benchmarks/ranking", "tests/support/protocol_server/wire.cpp"]),
    Library("Boost.Asio and Beast", ["boost/asio.hpp", "boost/beast/"], ["Boost::"],
            ["tests/support/protocol_server/server.cpp"]),
    Library("dlopen and ELF", ["dlfcn.h", "elf.h", "link.h"], [],
            ["plugins/loader/elf_file.h", "plugins/loader/shared_object.cpp", "tests/unit/lexical"],
            "the loader checks files before anything maps them, and reports why one cannot be loaded"),
    Library("C++ ABI", ["cxxabi.h"], [], ["plugins/loader/guard.cpp"], "it names the type of what a plugin threw"),
    Library("yaml-cpp", ["yaml-cpp/"], ["yaml-cpp"],
            ["config/document.cpp", "core/catalog/yaml_capture.cpp", "tests/support/protocol_server/script.cpp"]),
    Library("simdjson", ["simdjson.h"], ["simdjson::"],
            ["core/catalog/json_walker.h", "providers/http/decode.cpp", "providers/http/error_body.cpp",
             "providers/http/json_reader.cpp", "providers/http/json_text.cpp", "benchmarks/micro/decode_bench.cpp",
             "tests/support/protocol_server/request.cpp"]),
    Library("Gumbo", ["gumbo.h"], ["PkgConfig::GUMBO"], ["core/catalog/entity.cpp"], "it decodes the entities of HTML"),
    Library("OpenSSL", ["openssl/"], ["OpenSSL::"], ["core/catalog/hash.cpp", "tests/unit/http/tls_server.cpp"]),
    Library("libcurl", ["curl/"], ["CURL::"],
            ["core/fetch", "providers/http/http_session.cpp", "providers/http/url.cpp"]),
    Library("CLI11", ["CLI/"], ["CLI11::"],
            ["core/cli/arguments.cpp", "core/cli/argument_places.cpp", "core/cli/argument_values.cpp",
             "core/cli/command_tree.cpp", "benchmarks/ranking/rank_eval.cpp",
             "tests/conformance/program/arguments.cpp"]),
    Library("spdlog", ["spdlog/"], ["spdlog::"], ["core/cli/logging.cpp"],
            "plugins log through context.logger()"),
    Library("nlohmann-json", ["nlohmann/"], ["nlohmann_json::"],
            ["config/schema.cpp", "config/nested.cpp", "core/cli", "benchmarks", "tests/unit/config"],
            "for writing JSON, not for reading it"),
    Library("fmt", ["fmt/"], ["fmt::"],
            ["core/catalog", "core/fetch", "core/files", "core/net", "core/cli", "config", "plugins/loader",
             "providers/http", "providers/simulated", "benchmarks/ranking", "tests/conformance/program",
             "tests/support/protocol_server"]),
    Library("SQLite", ["sqlite3.h"], ["SQLite::"], ["backends/sqlite"]),
    Library("libpqxx", ["pqxx/"], ["PkgConfig::PQXX"], ["backends/postgres/connection.cpp"]),
    Library("libpq", ["libpq-fe.h"], ["PkgConfig::PQ"],
            ["backends/postgres/connection.cpp", "plugins/notifiers/postgres_listen/address.cpp",
             "plugins/notifiers/postgres_listen/connection.cpp"]),
    Library("zstd", ["zstd.h"], ["PkgConfig::ZSTD"], ["backends/documents"]),
    Library("Snowball", ["libstemmer.h"], ["stemmer"], ["core/words"]),
    Library("GoogleTest", ["gtest/", "gmock/"], ["GTest::"], ["tests"]),
    Library("Google Benchmark", ["benchmark/"], ["benchmark::"], ["benchmarks/micro"]),
]

# All folders except the contract may use the operating system.
SYSTEM_HEADERS = {
    "arpa/inet.h", "fcntl.h", "linux/tcp.h", "netinet/in.h", "poll.h", "pthread.h", "pwd.h", "signal.h", "stdlib.h",
    "spawn.h", "sys/eventfd.h", "sys/inotify.h", "sys/ioctl.h", "sys/random.h", "sys/signalfd.h", "sys/socket.h",
    "sys/stat.h", "sys/statfs.h", "sys/statvfs.h",
    "sys/types.h", "sys/un.h", "sys/utsname.h",
    "sys/wait.h", "unistd.h",
}

# Folders in which includes are looked up, in addition to the including file's own.
INCLUDE_ROOTS = [".", "core", "core/include", "core/support/include", "plugins", "providers", "backends",
                 "backends/memory/include", "backends/sqlite", "backends/postgres", "tests", "tests/support",
                 "tests/conformance", "tests/conformance/include", "tests/conformance/kit", "tests/unit/scheduler",
                 "benchmarks"]

# Headers that the build generates, with the folder whose CMakeLists.txt generates them; only that folder may include
# them.
GENERATED = {"sql_texts.h": "backends/postgres"}
