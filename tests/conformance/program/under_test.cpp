#include "under_test.h"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "conformance/process_kit.h"
#include "conformance/store_kit.h"
#include "conformance/system_context.h"
#include "loader/instances.h"

namespace embedq::conformance {
namespace {

constexpr const char* folder_variable = "EMBEDQ_CASE_FOLDER";
constexpr const char* id_variable = "EMBEDQ_CASE_ID";

Result<std::shared_ptr<Store>> open_store(Subjects& subjects, const CaseWorld& world, Context& context) {
    const auto configured = subjects.store(world);
    if (!configured) return std::unexpected(configured.error());
    auto store = plugins::make_store(*configured->plugin, configured->options, context);
    if (!store) return std::unexpected(store.error());
    return std::shared_ptr<Store>(std::move(*store));
}

// The data must be the case's own: the kit deletes and rewrites what it finds, and its cases count on an empty store.
Status check_empty(Store& store, const CaseWorld& world) {
    const auto state = store.migration_state();
    if (!state) return std::unexpected(state.error());
    if (state->current == 0) return {};
    const auto catalogs = store.catalogs();
    // A schema of another version says so by itself when the case begins.
    if (!catalogs || catalogs->empty()) return {};
    return fail(ErrorKind::conflict, "the store has " + std::to_string(catalogs->size()) +
                                         " catalogs already, but each case must begin with an empty one; give its options a place of the "
                                         "case's own: ${EMBEDQ_CASE_FOLDER} (here " +
                                         world.folder().string() + ") or ${EMBEDQ_CASE_ID} (here " + world.id() + ")");
}

class PluginStore final : public StoreUnderTest {
public:
    PluginStore(Subjects& subjects, const std::string& name) : subjects_(subjects), context_(name) {}

    Result<std::shared_ptr<Store>> open() override {
        // A store that lives in the process is one and the same for the whole case.
        if (only_ != nullptr) return only_;
        auto store = open_store(subjects_, world_, context_);
        if (!store) return store;
        if (!std::exchange(checked_, true)) {
            if (Status empty = check_empty(**store, world_); !empty) return std::unexpected(empty.error());
        }
        if (!(*store)->capabilities().persistent) only_ = *store;
        return store;
    }

    TestContext& context() override { return context_; }

private:
    Subjects& subjects_;
    const CaseWorld world_;
    TestContext context_;
    bool checked_ = false;
    std::shared_ptr<Store> only_;
};

class PluginStoreInProcesses final : public StoreInProcesses {
public:
    PluginStoreInProcesses(Subjects& subjects, const std::string& name, SelfCommand self)
        : subjects_(subjects), self_(std::move(self)), context_(name) {}

    Result<std::shared_ptr<Store>> open() override { return open_store(subjects_, world_, context_); }

    ProcessCommand command() const override {
        return {self_.arguments, {{folder_variable, world_.folder().string()}, {id_variable, world_.id()}}};
    }

private:
    Subjects& subjects_;
    const SelfCommand self_;
    const CaseWorld world_;
    SystemContext context_;
};

}  // namespace

void register_subject(Subjects& subjects, const Subject& subject, const SelfCommand& self) {
    switch (subject.kind) {
        case PluginKind::store:
            register_store_kit(subject.name, [&subjects, name = subject.name] { return std::make_unique<PluginStore>(subjects, name); });
            register_store_process_kit(subject.name, [&subjects, name = subject.name, self] {
                return std::make_unique<PluginStoreInProcesses>(subjects, name, self);
            });
            break;
        case PluginKind::provider:
        case PluginKind::notifier:
        case PluginKind::service: break;
    }
}

int run_child(Subjects& subjects) {
    const char* folder = std::getenv(folder_variable);
    const char* id = std::getenv(id_variable);
    if (folder == nullptr || id == nullptr) throw std::runtime_error("--child is for the kit itself: it sets the case's folder and id");
    const CaseWorld world(folder, id);
    SystemContext context("child");
    const auto store = open_store(subjects, world, context);
    if (!store) throw std::runtime_error(store.error().message);
    return run_store_process(**store);
}

}  // namespace embedq::conformance
