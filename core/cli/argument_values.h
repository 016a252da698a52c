// The values of arguments, read strictly: an option that refuses a value says what it found and what it expected.
//
// Thread-safety: main thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/spec_state.h"
#include "embedq/catalog.h"
#include "embedq/context.h"
#include "embedq/engine.h"
#include "embedq/job.h"

namespace CLI {
class App;
}

namespace embedq::cli {

void add_job(CLI::App* command, JobId& job);
void add_jobs(CLI::App* command, std::vector<JobId>& jobs);
void add_cursor(CLI::App* command, std::optional<JobId>& cursor);
// --limit N, from 1 to 500.
void add_limit(CLI::App* command, std::size_t& limit, const std::string& help);
void add_ranking_mode(CLI::App* command, RankingMode& mode);
void add_job_status(CLI::App* command, std::optional<JobStatus>& status);
void add_spec_state(CLI::App* command, std::optional<SpecState>& state);
void add_log_level(CLI::App* command, std::optional<LogLevel>& level);
void add_age(CLI::App* command, std::chrono::milliseconds& age);
// How often URLs are asked again: 0, or at least a minute.
void add_refresh(CLI::App* command, const std::string& name, std::optional<RefreshInterval>& refresh);
void add_timeout(CLI::App* command, std::optional<std::chrono::milliseconds>& timeout);
// An option that is given once for each NAME=VALUE. Only the form is checked here.
void add_assignments(CLI::App* command, const std::string& name, std::vector<std::string>& values,
                     const std::string& help);

}  // namespace embedq::cli
