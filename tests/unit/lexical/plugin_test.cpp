#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "conformance/test_context.h"
#include "embedq/plugin.h"
#include "embedq/provider.h"

namespace embedq {
namespace {

const PluginDescriptor& descriptor() {
    static const auto* const found = [] {
        void* const library = dlopen(EMBEDQ_LEXICAL_PLUGIN, RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) ADD_FAILURE() << dlerror();
        return library == nullptr ? nullptr : static_cast<const PluginDescriptor*>(dlsym(library, "embedq_plugin_v1"));
    }();
    if (found == nullptr) std::abort();
    return *found;
}

class LexicalPlugin : public testing::Test {
protected:
    std::unique_ptr<Provider> make(std::int64_t dimension, std::string document_prefix = "",
                                   std::string query_prefix = "") {
        Options options;
        options.set("dimension", dimension);
        options.set("document_prefix", std::move(document_prefix));
        options.set("query_prefix", std::move(query_prefix));
        auto provider = descriptor().make_provider(options, context);
        EXPECT_TRUE(provider.has_value());
        return provider ? std::move(*provider) : nullptr;
    }

    static Result<EmbedResult> embed(Provider& provider, std::vector<std::string_view> texts,
                                     TextKind kind = TextKind::document) {
        return provider.embed({.texts = texts, .kind = kind});
    }

    conformance::TestContext context{"lexical"};
};

TEST_F(LexicalPlugin, DescribesItself) {
    const PluginDescriptor& plugin = descriptor();
    EXPECT_EQ(plugin.kind, PluginKind::provider);
    EXPECT_STREQ(plugin.name, "lexical");
    EXPECT_STREQ(plugin.build_tag, EMBEDQ_BUILD_TAG);
    EXPECT_NE(std::strstr(plugin.summary, "not by meaning"), nullptr);
    const auto info = make(128)->info({});
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(info->model, "lexical-1");
    EXPECT_EQ(info->dimension, 128U);
    EXPECT_FALSE(info->model_digest.empty());
    EXPECT_GE(info->limits.concurrency, 1U);
}

TEST_F(LexicalPlugin, GivesOneRowPerTextInOrder) {
    const auto provider = make(128);
    const auto both = embed(*provider, {"list users", "delete user"});
    const auto second = embed(*provider, {"delete user"});
    ASSERT_TRUE(both.has_value() && second.has_value());
    ASSERT_EQ(both->matrix.size(), 256U);
    EXPECT_TRUE(both->errors.empty());
    EXPECT_EQ(std::vector<float>(both->matrix.begin() + 128, both->matrix.end()), second->matrix);
}

TEST_F(LexicalPlugin, AddsThePrefixOfTheKind) {
    const auto plain = make(128);
    const auto prefixed = make(128, "passage: ", "question: ");
    EXPECT_EQ(embed(*plain, {"passage: users"})->matrix, embed(*prefixed, {"users"})->matrix);
    EXPECT_EQ(embed(*plain, {"question: users"})->matrix, embed(*prefixed, {"users"}, TextKind::query)->matrix);
}

TEST_F(LexicalPlugin, AnEmptyTextIsAnErrorOfThatText) {
    const auto result = embed(*make(128), {"users", ""});
    ASSERT_TRUE(result.has_value());
    ASSERT_EQ(result->errors.size(), 1U);
    EXPECT_EQ(result->errors[0].index, 1U);
    EXPECT_EQ(result->errors[0].error.kind, ErrorKind::invalid_input);
}

TEST_F(LexicalPlugin, HonoursDeadlineAndStop) {
    const auto provider = make(128);
    const std::vector<std::string_view> texts{"users"};
    context.manual_clock().advance(std::chrono::seconds(1));
    const auto late = provider->embed({.texts = texts, .deadline = context.clock().now()});
    ASSERT_FALSE(late.has_value());
    EXPECT_EQ(late.error().kind, ErrorKind::unavailable);
    std::stop_source source;
    source.request_stop();
    EXPECT_FALSE(provider->embed({.texts = texts, .stop = source.get_token()}).has_value());
}

TEST_F(LexicalPlugin, ManyThreadsGetTheSame) {
    const auto provider = make(256);
    const auto expected = embed(*provider, {"cancel a workflow run", "listRepos"})->matrix;
    std::atomic<int> wrong = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int k = 0; k < 50; ++k) {
                if (embed(*provider, {"cancel a workflow run", "listRepos"})->matrix != expected) ++wrong;
            }
        });
    }
    threads.clear();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace embedq
