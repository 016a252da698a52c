// Somebody who may create functions and operators in the store's schema: none of them ever runs.
#include "every_verb.h"
#include "names.h"
#include "server.h"
#include "signatures.h"

namespace embedq::postgres::testing {
namespace {

// For each of the store's own functions more of the same name, one for each parameter of another type. The literal of
// the schema's name and a parenthesis are to follow.
constexpr const char* other_types_of_own_functions = R"sql(
CREATE FUNCTION pg_temp.plant(schema text) RETURNS void LANGUAGE plpgsql AS $plant$
DECLARE
    v_function record;
    v_other    regtype;
    v_types    text;
BEGIN
    FOR v_function IN
        SELECT p.proname, string_to_array(oidvectortypes(p.proargtypes), ', ') AS types, i.place
        FROM pg_proc p CROSS JOIN LATERAL generate_series(1, p.pronargs) i(place)
        WHERE p.pronamespace = schema::regnamespace
    LOOP
        FOREACH v_other IN ARRAY CASE v_function.types[v_function.place]
            WHEN 'smallint' THEN '{integer,bigint,float8}'
            WHEN 'integer' THEN '{smallint,bigint,float8}'
            WHEN 'bigint' THEN '{smallint,integer,float8}'
            WHEN 'text' THEN '{varchar,name,bytea}'
            WHEN 'smallint[]' THEN '{text,integer[],bigint[]}'
            WHEN 'integer[]' THEN '{text,smallint[],bigint[]}'
            WHEN 'bigint[]' THEN '{text,smallint[],integer[]}'
            WHEN 'text[]' THEN '{text,varchar[],name[]}'
            ELSE '{text}' END::text[]::regtype[]
        LOOP
            SELECT string_agg(CASE WHEN t.n = v_function.place THEN v_other::text ELSE t.type END, ', ' ORDER BY t.n)
            INTO v_types FROM unnest(v_function.types) WITH ORDINALITY t(type, n);
            EXECUTE format('CREATE OR REPLACE FUNCTION %s.%I(%s) RETURNS text LANGUAGE plpgsql AS %L', schema,
                           v_function.proname, v_types,
                           format('BEGIN RAISE EXCEPTION ''a planted %s ran''; END', v_function.proname));
        END LOOP;
    END LOOP;
END $plant$;
SELECT pg_temp.plant()sql";

// Some of the server's own functions and operators, of the types that the store has.
constexpr const char* other_types_of_the_servers_functions = R"sql(
CREATE FUNCTION cardinality(bigint[]) RETURNS integer LANGUAGE sql AS 'SELECT 1 / 0';
CREATE FUNCTION cardinality(text[]) RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN 1 / 0; END';
CREATE FUNCTION unnest(bigint[]) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT 1 / 0::bigint';
CREATE FUNCTION array_position(bytea[], bytea) RETURNS integer LANGUAGE sql AS 'SELECT 1 / 0';
CREATE FUNCTION length(bytea) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1 / 0';
CREATE FUNCTION now() RETURNS timestamptz LANGUAGE sql AS 'SELECT ''epoch''::timestamptz / 0';
CREATE FUNCTION format(text, text, text) RETURNS text LANGUAGE sql AS 'SELECT (1 / 0)::text';
CREATE FUNCTION pg_is_in_recovery() RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION equal(bigint[], bigint[]) RETURNS boolean LANGUAGE sql AS 'SELECT 1 / 0 = 1';
CREATE FUNCTION equal(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT 1 / 0 = 1';
CREATE FUNCTION joined(bigint[], bigint[]) RETURNS bigint[] LANGUAGE sql AS 'SELECT ARRAY[1 / 0]::bigint[]';
CREATE OPERATOR = (LEFTARG = bigint[], RIGHTARG = bigint[], FUNCTION = equal);
CREATE OPERATOR = (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = equal);
CREATE OPERATOR || (LEFTARG = bigint[], RIGHTARG = bigint[], FUNCTION = joined))sql";

class Planted : public PostgresTest, public ::testing::WithParamInterface<bool> {
protected:
    Planted() {
        // Before the first migration, too: a schema may be there before its tables.
        plant("CREATE SCHEMA " + quoted_schema() + " AUTHORIZATION embedq; SET search_path = " + quoted_schema() +
              ", pg_catalog; SET check_function_bodies = off; " + other_types_of_the_servers_functions);
        plant("ALTER ROLE embedq SET search_path = " + quoted_schema() + ", pg_catalog");
    }
    ~Planted() override { static_cast<void>(sql("ALTER ROLE embedq RESET search_path")); }

    static void plant(const std::string& statements) {
        try {
            static_cast<void>(sql(statements));
        } catch (const Failure& caught) {
            ADD_FAILURE() << "it cannot be planted: " << to_string(caught.error);
        }
    }
};

TEST_P(Planted, functions_never_run) {
    fresh_store().reset();
    plant(other_types_of_own_functions + literal(quoted_schema()) + ")");
    const auto store = open_store(GetParam() ? pooled_url() : url(), schema, context);
    call_every_verb(*store);
}

INSTANTIATE_TEST_SUITE_P(Connections, Planted, ::testing::Values(false, true),
                         [](const auto& instance) { return instance.param ? "pooled" : "direct"; });

class SearchPath : public PostgresTest {};

TEST_F(SearchPath, is_fixed_for_every_function_that_has_statements) {
    fresh_store().reset();
    EXPECT_EQ(value("SELECT coalesce(string_agg(p.proname, ', '), '') FROM pg_proc p JOIN pg_language l ON l.oid = "
                    "p.prolang WHERE p.pronamespace = " +
                    literal(quoted_schema()) +
                    "::regnamespace AND (l.lanname = 'plpgsql' OR p.prosecdef) AND NOT coalesce(p.proconfig, '{}') @> "
                    "ARRAY['search_path=pg_catalog, pg_temp']"),
              "");
}

TEST(Signatures, are_those_of_the_sql) {
    EXPECT_EQ(parameter_types("cancel_jobs"), std::vector<std::string>{"bigint[]"});
    EXPECT_EQ(parameter_types("list_jobs"),
              (std::vector<std::string>{"bigint", "text", "text", "smallint", "bigint", "bigint"}));
    EXPECT_EQ(parameter_types("commit_jobs").at(2), "embedq.job_outcome[]");
    EXPECT_TRUE(parameter_types("list_workers").empty());
    EXPECT_TRUE(parameter_types("upper").empty());
    EXPECT_EQ(in_schema("FROM embedq.jobs_ready, embedq::Job", "\"a b\""), "FROM \"a b\".jobs_ready, embedq::Job");
    EXPECT_EQ(in_schema("nextval('embedq.job_ids')", "\"it's\""), "nextval('\"it''s\".job_ids')");
}

}  // namespace
}  // namespace embedq::postgres::testing
