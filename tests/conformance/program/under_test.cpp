#include "under_test.h"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "config/configuration.h"
#include "conformance/notifier_kit.h"
#include "conformance/process_kit.h"
#include "conformance/provider_kit.h"
#include "conformance/service_kit.h"
#include "conformance/store_kit.h"
#include "conformance/system_context.h"
#include "engine/host_engine.h"
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
    // A schema of another version is reported when the case begins.
    if (!catalogs || catalogs->empty()) return {};
    return fail(ErrorKind::conflict,
                "the store has " + std::to_string(catalogs->size()) +
                    " catalogs already, but each case must begin with an empty one",
                "use ${EMBEDQ_CASE_FOLDER} (here " + world.folder().string() + ") or ${EMBEDQ_CASE_ID} (here " +
                    world.id() + ") in its options, which are new for each case");
}

class PluginStore final : public StoreUnderTest {
public:
    PluginStore(Subjects& subjects, const std::string& name) : subjects_(subjects), context_(name) {}

    Result<std::shared_ptr<Store>> open() override {
        // A case has only one store if that lives in the process.
        if (only_ != nullptr) return only_;
        auto store = open_store(subjects_, world_, context_);
        if (!store) return store;
        if (!std::exchange(checked_, true)) {
            if (Status empty = check_empty(**store, world_); !empty) return std::unexpected(empty.error());
        }
        if (!(*store)->capabilities().persistent) only_ = *store;
        own_clock_ = (*store)->capabilities().own_clock;
        return store;
    }

    TestContext& context() override { return context_; }

    void advance(std::chrono::microseconds by) override {
        require_the_contexts_clock();
        StoreUnderTest::advance(by);
    }
    void set_clock_back(std::chrono::microseconds by) override {
        require_the_contexts_clock();
        StoreUnderTest::set_clock_back(by);
    }
    Time now() override {
        require_the_contexts_clock();
        return StoreUnderTest::now();
    }

private:
    void require_the_contexts_clock() const {
        if (!own_clock_) return;
        throw ClockCannotBeMoved{
            "the store has a clock of its own, which this program cannot move; a test of the store's own can, by "
            "StoreUnderTest::advance (conformance/store_kit.h)"};
    }

    Subjects& subjects_;
    const CaseWorld world_;
    TestContext context_;
    bool checked_ = false;
    bool own_clock_ = false;
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

// What instances of a provider, notifier or service use. It lives until the program ends, since a call that never
// returns may use it until then.
class Surroundings {
public:
    Surroundings(Subjects& subjects, const Subject& subject)
        : subjects_(subjects),
          subject_(subject),
          context_(subject.name, [this](std::string_view name) { return store_option(name); }) {}

    // Makes an instance of the subject's kind with one of the loader's functions.
    template <class Interface, class... More>
    Result<std::unique_ptr<Interface>> make(Result<std::unique_ptr<Interface>> (&make_instance)(
                                                const plugins::LoadedPlugin&, const Options&, Context&, More&...),
                                            Variant variant, More&... more) {
        const auto configured = subjects_.configured(subject_, variant, world_);
        if (!configured) return std::unexpected(configured.error());
        return make_instance(*configured->plugin, configured->options, context_, more...);
    }

    // An engine on the configured store, for a service.
    Result<Engine*> engine() {
        if (engine_ != nullptr) return engine_.get();
        auto store = open_store(subjects_, world_, context_);
        if (!store) return std::unexpected(store.error());
        store_ = std::move(*store);
        if (const auto migrated = store_->migrate(); !migrated) return std::unexpected(migrated.error());
        engine_ = engine::make_engine(*store_, silent_, providers_, {}, context_);
        return engine_.get();
    }

private:
    // The service gets no notifications, and what it publishes reaches nobody.
    class SilentNotifier final : public Notifier {
        void publish() override {}
        Wake wait(std::chrono::steady_clock::time_point, std::stop_token) override { return Wake::timeout; }
    };

    std::optional<std::string> store_option(std::string_view name) const {
        const auto store = subjects_.store(world_);
        if (!store) return std::nullopt;
        const auto found = store->options.values().find(name);
        if (found == store->options.values().end()) return std::nullopt;
        return config::option_to_text(found->second);
    }

    Subjects& subjects_;
    const Subject subject_;
    const CaseWorld world_;
    SystemContext context_;
    SilentNotifier silent_;
    endpoints::ProviderDirectory providers_{{}};
    std::shared_ptr<Store> store_;
    std::unique_ptr<Engine> engine_;
};

void register_stores(Subjects& subjects, const std::string& name, const SelfCommand& self) {
    register_store_kit(name, [&subjects, name] { return std::make_unique<PluginStore>(subjects, name); });
    register_store_process_kit(
        name, [&subjects, name, self] { return std::make_unique<PluginStoreInProcesses>(subjects, name, self); });
}

void register_providers(const Subject& subject, const std::string& name, const std::shared_ptr<Surroundings>& around) {
    const auto factory = [around](Variant variant) -> ProviderFactory {
        return [around, variant] { return around->make(plugins::make_provider, variant); };
    };
    ProviderVariants variants{factory(Variant::plain)};
    if (subject.has_slow) variants.slow = factory(Variant::slow);
    if (subject.has_refusing) variants.refusing = factory(Variant::refusing);
    register_provider_kit(name, variants);
}

void register_services(const std::string& name, const std::shared_ptr<Surroundings>& around) {
    register_service_kit(name, [around]() -> Result<std::unique_ptr<Service>> {
        const auto engine = around->engine();
        if (!engine) return std::unexpected(engine.error());
        return around->make(plugins::make_service, Variant::plain, **engine);
    });
}

}  // namespace

void register_subject(Subjects& subjects, const Subject& subject, const SelfCommand& self) {
    // The kind is part of the name: a store and a notifier may have the same.
    const std::string name = std::string(to_string(subject.kind)) + "=" + subject.name;
    if (subject.kind == PluginKind::store) return register_stores(subjects, name, self);
    const auto around = std::make_shared<Surroundings>(subjects, subject);
    switch (subject.kind) {
        case PluginKind::provider: return register_providers(subject, name, around);
        case PluginKind::notifier:
            register_notifier_kit(name, [around] { return around->make(plugins::make_notifier, Variant::plain); });
            return;
        case PluginKind::service: return register_services(name, around);
        case PluginKind::store: return;
    }
}

int run_child(Subjects& subjects) {
    const char* folder = std::getenv(folder_variable);
    const char* id = std::getenv(id_variable);
    if (folder == nullptr || id == nullptr)
        throw std::runtime_error("--child is for the kit itself: it sets the case's folder and id");
    const CaseWorld world(folder, id);
    SystemContext context("child");
    const auto store = open_store(subjects, world, context);
    if (!store) throw std::runtime_error(to_string(store.error()));
    return run_store_process(**store);
}

}  // namespace embedq::conformance
