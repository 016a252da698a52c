// Values arrive at the server as they were, whatever characters they are made of.
#include "parameters.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>

#include "server.h"

namespace embedq::postgres::testing {
namespace {

// Functions that return their arguments.
class Echo : public ::testing::Test {
protected:
    Echo() {
        connection.execute(
            "CREATE FUNCTION pg_temp.a_text(text) RETURNS text LANGUAGE sql AS 'SELECT $1';"
            "CREATE FUNCTION pg_temp.each_text(text[]) RETURNS SETOF text LANGUAGE sql AS 'SELECT unnest($1)';"
            "CREATE FUNCTION pg_temp.texts(text[]) RETURNS text[] LANGUAGE sql AS 'SELECT $1';"
            "CREATE FUNCTION pg_temp.each_number(bigint[]) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT unnest($1)';"
            "CREATE FUNCTION pg_temp.each_hash(bytea[]) RETURNS SETOF bytea LANGUAGE sql AS 'SELECT unnest($1)';"
            "CREATE FUNCTION pg_temp.each_uuid(uuid[]) RETURNS SETOF bytea LANGUAGE sql AS 'SELECT uuid_send(u) FROM "
            "unnest($1) u';"
            "CREATE FUNCTION pg_temp.values(bigint, float8, boolean, bytea, uuid, text) "
            "RETURNS TABLE (a bigint, b float8, c boolean, d bytea, e bytea, f text) LANGUAGE sql "
            "AS 'SELECT $1, $2, $3, $4, uuid_send($5), $6'");
    }
    Connection connection{settings_for(url(), "pg_temp")};
};

Sha256 some_hash() {
    Sha256 hash{};
    for (std::size_t i = 0; i < hash.size(); ++i) hash[i] = static_cast<std::byte>(i * 8 + (i % 2) * 7);
    return hash;
}

LeaseToken some_token() {
    LeaseToken token{};
    for (std::size_t i = 0; i < token.size(); ++i) token[i] = static_cast<std::byte>(255 - i * 16);
    return token;
}

std::vector<std::string> odd_texts() {
    std::vector<std::string> texts{"",
                                   " ",
                                   "NULL",
                                   "null",
                                   "{}",
                                   "{a,b}",
                                   "a,b",
                                   "\"",
                                   "\\",
                                   "\\\\",
                                   "\\\"",
                                   "'",
                                   "''",
                                   "$1",
                                   "%s",
                                   "\\x41",
                                   "\\N",
                                   "\t\n\r",
                                   "  in between  ",
                                   "größe",
                                   "日本語",
                                   "🦆",
                                   "\u00a0",
                                   "a\u0301",
                                   "\xef\xbf\xbf",
                                   std::string(100'000, 'x'),
                                   std::string(1'000, '\\')};
    for (char c = 1; c < 127; ++c) texts.emplace_back(1, c);
    std::string all;
    for (char c = 1; c < 127; ++c) all += c;
    texts.push_back(all);
    return texts;
}

TEST_F(Echo, gives_texts_as_they_were) {
    for (const std::string& text : odd_texts())
        EXPECT_EQ(connection.call("a_text", Parameters().add(text)).text(0, 0), text);
}

TEST_F(Echo, gives_arrays_of_texts_as_they_were) {
    const std::vector<std::string> texts = odd_texts();
    const Parameters parameters = std::move(Parameters().add(std::span(texts)));
    const Rows each = connection.call("each_text", parameters);
    ASSERT_EQ(each.size(), texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
        EXPECT_FALSE(each.null(i, 0));
        EXPECT_EQ(each.text(i, 0), texts[i]);
    }
    EXPECT_EQ(connection.call("texts", parameters).texts(0, 0), texts) << "as an array, too";
}

TEST_F(Echo, gives_empty_arrays) {
    EXPECT_EQ(connection.call("each_text", Parameters().add(Array())).size(), 0U);
    EXPECT_TRUE(connection.call("texts", Parameters().add(Array())).texts(0, 0).empty());
}

TEST_F(Echo, gives_numbers_hashes_and_tokens_as_they_were) {
    constexpr std::array<std::int64_t, 5> numbers{0, -1, 1'000'000, std::numeric_limits<std::int64_t>::min(),
                                                  std::numeric_limits<std::int64_t>::max()};
    Array array;
    for (const std::int64_t number : numbers) array.add(number);
    const Rows each = connection.call("each_number", Parameters().add(std::move(array)));
    for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(each.integer(i, 0), numbers.at(i));

    const std::vector<Sha256> hashes{some_hash(), Sha256{}};
    const Rows each_hash = connection.call("each_hash", Parameters().add(std::span(hashes)));
    EXPECT_EQ(each_hash.hash(0, 0), hashes[0]);
    EXPECT_EQ(each_hash.hash(1, 0), hashes[1]);

    const LeaseToken token = some_token();
    Array tokens;
    tokens.add_uuid(token).add_uuid(LeaseToken{});
    const std::vector<std::byte> bytes = connection.call("each_uuid", Parameters().add(std::move(tokens))).bytes(0, 0);
    EXPECT_TRUE(std::ranges::equal(bytes, token));
}

TEST_F(Echo, gives_single_values_as_they_were) {
    const std::vector<std::byte> bytes{std::byte{0}, std::byte{255}, std::byte{'\\'}, std::byte{'\''}};
    for (const double number : {0.0, -1.5, 0.1, 1e300, 5e-324, 123456789.123456789}) {
        Parameters parameters;
        parameters.add(std::int64_t{-7}).add(number).add(true).add(std::span(bytes)).add_uuid(some_token()).add_null();
        const Rows rows = connection.call("values", parameters);
        EXPECT_EQ(rows.integer(0, 0), -7);
        EXPECT_EQ(rows.number(0, 1), number);
        EXPECT_TRUE(rows.boolean(0, 2));
        EXPECT_EQ(rows.bytes(0, 3), bytes);
        EXPECT_TRUE(std::ranges::equal(rows.bytes(0, 4), some_token()));
        EXPECT_TRUE(rows.null(0, 5));
    }
}

TEST_F(Echo, reads_bytes_in_both_forms) {
    std::vector<std::byte> bytes;
    for (unsigned i = 0; i < 256; ++i) bytes.push_back(static_cast<std::byte>(i));
    for (const char* form : {"hex", "escape"}) {
        connection.execute("SET bytea_output = " + std::string(form));
        const Rows rows = connection.query("SELECT $1::bytea, $2::bytea, ''::bytea",
                                           Parameters().add(std::span<const std::byte>(bytes)).add(some_hash()));
        EXPECT_EQ(rows.bytes(0, 0), bytes) << form;
        EXPECT_EQ(rows.byte_count(0, 0), bytes.size()) << form;
        std::vector<std::byte> decoded(bytes.size());
        EXPECT_TRUE(rows.decode(0, 0, decoded)) << form;
        EXPECT_EQ(decoded, bytes) << form;
        EXPECT_FALSE(rows.decode(0, 1, decoded)) << "another length";
        EXPECT_EQ(rows.hash(0, 1), some_hash()) << form;
        EXPECT_TRUE(rows.bytes(0, 2).empty()) << form;
    }
}

TEST(Durations, are_limited_to_what_fits) {
    EXPECT_EQ(to_us(std::chrono::milliseconds(1)), 1000);
    EXPECT_EQ(to_us(std::chrono::milliseconds::max()),
              to_us(std::chrono::milliseconds(std::chrono::hours(24) * 365 * 100)));
    EXPECT_EQ(to_ms(1), std::chrono::milliseconds(1)) << "never sooner";
    EXPECT_EQ(to_limit(SIZE_MAX), INT64_MAX);
}

TEST(Parameters, refuse_what_cannot_be_stored) {
    const std::string nul("a\0b", 3);
    const auto expect_refused = [](const std::function<void()>& body) {
        try {
            body();
            ADD_FAILURE() << "a NUL byte was taken";
        } catch (const Failure& caught) {
            EXPECT_EQ(caught.error.kind, ErrorKind::invalid_argument);
            EXPECT_EQ(to_string(caught.error), "a text has a NUL byte, which PostgreSQL cannot store: 'a…'");
        }
    };
    expect_refused([&] { Parameters().add(std::string_view(nul)); });
    expect_refused([&] { Array().add(std::string_view(nul)); });
    expect_refused([&] { Parameters().add(std::span<const std::string>(&nul, 1)); });
}

}  // namespace
}  // namespace embedq::postgres::testing
