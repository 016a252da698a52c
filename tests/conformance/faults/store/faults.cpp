#include "faults.h"

#include <array>

#include "holding_faults.h"
#include "keeping_faults.h"
#include "queueing_faults.h"
#include "sharing_faults.h"
#include "telling_faults.h"

namespace embedq::conformance {
namespace {

using namespace faults;  // NOLINT: the table names all of them

template <class Faulty>
std::unique_ptr<Store> make(Context& context) {
    return std::make_unique<Faulty>(context);
}

// clang-format off
const std::array planted_faults{
    Fault{"none", "nothing: the memory store, every verb forwarded", "", make<FaultyStore>},

    // holding_faults.h
    Fault{"no_fencing", "a commit is taken by job id, whatever its token", "fenced.zombie_commit_is_dropped", make<NoFencing>},
    Fault{"extend_unfenced", "a heartbeat extends by job id, whatever its token", "fenced.zombie_extend_is_refused", make<ExtendUnfenced>},
    Fault{"reads_unfenced", "missing_texts answers by job id, whatever the token", "fenced.zombie_reads_are_lost", make<ReadsUnfenced>},
    Fault{"token_compared_in_part", "half of the token is compared", "fenced.every_bit_of_the_token_counts", make<TokenComparedInPart>},
    Fault{"tokens_repeat", "the generator of tokens is seeded anew for each", "fenced.tokens_are_never_the_same", make<TokensRepeat>},
    Fault{"double_lease", "a claim that finds nothing pending hands out a running job", "claim.a_held_job_is_not_given_again", make<DoubleLease>},
    Fault{"cancel_spares_running_jobs", "cancel changes pending jobs only", "fenced.a_cancelled_job_is_lost", make<CancelSparesRunningJobs>},
    Fault{"one_lost_report_spoils_all", "a lost lease rolls the whole commit back", "fenced.one_lost_report_does_not_spoil_the_others", make<OneLostReportSpoilsAll>},
    Fault{"lost_report_keeps_vectors", "vectors are written before the lease is looked at", "fenced.zombie_commit_is_dropped", make<LostReportKeepsVectors>},
    Fault{"late_results_kept", "vectors for a deleted spec's job are written", "deleted_means_gone.a_deleted_spec_is_gone", make<LateResultsKept>},
    Fault{"heartbeat_does_not_extend", "extend says yes and leaves the expiry as it was", "lease_by_database_clock.extending_moves_the_expiry", make<HeartbeatDoesNotExtend>},
    Fault{"leases_cut_short", "a claim holds for half the lease asked for", "recovered_in_time.an_expired_job_is_claimable_again", make<LeasesCutShort>},
    Fault{"reap_forgets", "expired leases stay running", "recovered_in_time.an_expired_job_is_claimable_again", make<ReapForgets>},
    Fault{"next_due_forgets_leases", "only pending jobs become due", "recovered_in_time.next_due_counts_the_earliest_lease", make<NextDueForgetsLeases>},
    Fault{"next_due_hides_suspects", "jobs whose lease expired twice are not told apart", "attempts_are_bounded.a_suspect_is_seen_in_what_is_due", make<NextDueHidesSuspects>},
    Fault{"next_due_takes_each_for_a_suspect", "whatever is due is told as a suspect", "attempts_are_bounded.an_ordinary_job_is_no_suspect", make<NextDueTakesEachForASuspect>},
    Fault{"next_due_of_every_profile", "the fingerprints asked for are not looked at", "recovered_in_time.next_due_counts_the_fingerprints_asked_for", make<NextDueOfEveryProfile>},
    Fault{"heartbeat_replaces_the_worker", "each heartbeat writes the worker's row anew", "reads_are_cheap.workers_are_listed", make<HeartbeatReplacesTheWorker>},

    // queueing_faults.h
    Fault{"write_without_job", "the spec is stored, its job is lost", "write_and_enqueue_are_one.a_new_spec_has_its_job", make<WriteWithoutJob>},
    Fault{"lost_update", "a write collapses onto the job that runs", "no_lost_update.a_write_during_a_run_gets_its_vectors", make<LostUpdate>},
    Fault{"put_not_atomic", "each document is a transaction of its own", "write_and_enqueue_are_one.an_unknown_catalog_writes_nothing", make<PutNotAtomic>},
    Fault{"unchanged_is_written", "a document is written without a look at what is there", "write_and_enqueue_are_one.unchanged_writes_nothing", make<UnchangedIsWritten>},
    Fault{"only_the_content_counts", "the content hash alone says whether a document changed", "write_and_enqueue_are_one.a_changed_field_is_a_change", make<OnlyTheContentCounts>},
    Fault{"collapse_unsaid", "an enqueue that collapsed says created", "one_open_job.enqueue_again_collapses", make<CollapseUnsaid>},
    Fault{"no_job_behind_a_running_one", "an enqueue collapses onto the job that runs", "one_open_job.enqueue_while_running_leaves_one_behind", make<NoJobBehindARunningOne>},
    Fault{"collapse_forgets_force", "a manual retry that collapses is an ordinary enqueue", "one_open_job.manual_retry_collapse_keeps_its_force", make<CollapseForgetsForce>},
    Fault{"collapse_keeps_the_backoff", "an enqueue that collapses leaves the job's due time", "one_open_job.enqueuing_ends_the_backoff", make<CollapseKeepsTheBackoff>},
    Fault{"retry_keeps_the_backoff", "a manual retry that collapses leaves the job's due time", "one_open_job.manual_retry_ends_the_backoff", make<RetryKeepsTheBackoff>},
    Fault{"enqueue_ignores_the_gap", "every enqueue makes a job, gap or none", "write_and_enqueue_are_one.without_a_gap_nothing_is_enqueued", make<EnqueueIgnoresTheGap>},
    Fault{"enqueue_not_atomic", "each request is a transaction of its own", "absence_is_said.an_unknown_spec_is_named", make<EnqueueNotAtomic>},
    Fault{"newest_first", "a claim orders by id, descending", "claim.by_due_time_then_id", make<NewestFirst>},
    Fault{"texts_unbounded", "a claim counts jobs only", "claim.texts_bound_a_claim", make<TextsUnbounded>},
    Fault{"claims_what_it_cannot_make", "the fingerprints asked for are not looked at", "claim.only_the_fingerprints_asked_for", make<ClaimsWhatItCannotMake>},
    Fault{"neighbours_dragged", "a suspect is claimed together with others", "attempts_are_bounded.a_suspect_is_claimed_alone", make<NeighboursDragged>},
    Fault{"suspects_for_everyone", "allow_suspect is not looked at", "attempts_are_bounded.a_suspect_needs_leave", make<SuspectsForEveryone>},
    Fault{"page_says_it_is_the_last", "a full page of missing texts says that nothing follows", "missing_texts.pages_join_up", make<PageSaysItIsTheLast>},
    Fault{"attempts_uncounted", "a retry is a release", "attempts_are_bounded.retries_run_out", make<AttemptsUncounted>},
    Fault{"release_counts", "a release is a retry", "attempts_are_bounded.releasing_is_free", make<ReleaseCounts>},
    Fault{"any_vector_is_progress", "a vector that was there already makes an attempt free", "attempts_are_bounded.the_same_vector_again_is_no_progress", make<AnyVectorIsProgress>},
    Fault{"killers_live_for_ever", "an expired lease never fails its job", "attempts_are_bounded.a_job_that_kills_its_worker_ends_failed", make<KillersLiveForEver>},
    Fault{"delay_forgotten", "what goes back to pending is due at once", "lease_by_database_clock.a_delay_is_kept_to", make<DelayForgotten>},

    // keeping_faults.h
    Fault{"vectors_dated_by_arrival", "written_at is the time of the commit, not of the question", "no_lost_update.an_older_vector_never_replaces_a_newer", make<VectorsDatedByArrival>},
    Fault{"vectors_kept_at_the_end_only", "progress keeps no vectors", "crash_loses_nothing.a_later_attempt_asks_only_for_what_is_missing", make<VectorsKeptAtTheEndOnly>},
    Fault{"nan_accepted", "values are not looked at", "vectors.broken_vectors_are_refused", make<NanAccepted>},
    Fault{"dimension_unchecked", "a vector of any dimension is taken", "vectors.broken_vectors_are_refused", make<DimensionUnchecked>},
    Fault{"cuts_forgotten", "a vector is kept without how much of its text it is of", "vectors.cut_texts_are_counted", make<CutsForgotten>},
    Fault{"cuts_stay", "a newer vector of the whole text leaves the cut of the older one", "vectors.a_newer_vector_says_anew_what_was_cut", make<CutsStay>},
    Fault{"cuts_of_what_does_not_count", "cut texts are counted whatever their vector counts for", "vectors.a_newer_vector_says_anew_what_was_cut", make<CutsOfWhatDoesNotCount>},
    Fault{"refusal_ignored", "a refused text stays missing", "poison_is_isolated.a_refusal_settles_its_text", make<RefusalIgnored>},
    Fault{"flips_early", "a catalog serves its target from the start", "profiles_do_not_mix.serving_flips_when_all_is_settled", make<FlipsEarly>},
    Fault{"running_job_changes_its_profile", "missing_texts reads the catalog's target, not the job's", "profiles_do_not_mix.a_running_job_keeps_its_profile", make<RunningJobChangesItsProfile>},
    Fault{"targets_not_atomic", "each target is a transaction of its own", "profiles_do_not_mix.targets_are_set_all_or_none", make<TargetsNotAtomic>},
    Fault{"clone_enqueues_all", "a clone enqueues every spec, gap or none", "catalogs.a_clone_needs_no_new_vectors", make<CloneEnqueuesAll>},
    Fault{"clone_without_operations", "a clone copies documents only", "catalogs.a_clone_needs_no_new_vectors", make<CloneWithoutOperations>},
    Fault{"clone_forgets_its_gaps", "a clone enqueues nothing", "catalogs.a_clone_enqueues_its_gaps", make<CloneForgetsItsGaps>},
    Fault{"reconcile_trusts_the_jobs", "a spec whose last job succeeded has no gap", "reconciler_reads_the_truth.a_new_target_is_a_gap_everywhere", make<ReconcileTrustsTheJobs>},
    Fault{"reconcile_eager", "every spec without an open job is enqueued", "reconciler_reads_the_truth.a_lost_enqueue_is_found", make<ReconcileEager>},
    Fault{"parking_ignored", "a parked spec with a gap is enqueued", "reconciler_reads_the_truth.a_failing_spec_is_parked_for_longer_and_longer", make<ParkingIgnored>},
    Fault{"history_cascades", "jobs go with their spec", "deleted_means_gone.a_deleted_spec_is_gone", make<HistoryCascades>},
    Fault{"prune_takes_open_jobs", "jobs are pruned by when they were made", "history_is_bounded.only_old_finished_jobs_go", make<PruneTakesOpenJobs>},
    Fault{"prune_forgets_the_age", "everything finished is pruned", "history_is_bounded.only_old_finished_jobs_go", make<PruneForgetsTheAge>},
    Fault{"prune_unbounded", "one call prunes everything", "history_is_bounded.small_batches", make<PruneUnbounded>},
    Fault{"lane_keeps_its_first_pause", "a lane that cools down already is not put anew", "lanes.a_lane_is_put_anew", make<LaneKeepsItsFirstPause>},

    // sharing_faults.h
    Fault{"amounts_not_counted", "each request moves the line as far, whatever it asks for", "budgets.stretches_follow_each_other", make<AmountsNotCounted>},
    Fault{"one_budget_for_all_providers", "the fingerprint is not looked at", "budgets.other_budgets_do_not_matter", make<OneBudgetForAllProviders>},
    Fault{"one_budget_for_both_units", "requests and tokens share a line", "budgets.other_budgets_do_not_matter", make<OneBudgetForBothUnits>},
    Fault{"first_rate_stays", "a budget keeps the rate of whoever asked first", "budgets.the_rate_is_each_callers_own", make<FirstRateStays>},
    Fault{"stretches_rounded_down", "what is lost by rounding adds up to more than the budget", "budgets.fine_stretches_add_up", make<StretchesRoundedDown>},
    Fault{"rest_is_saved_up", "the time in which nobody asked is given out afterwards", "budgets.an_idle_budget_begins_now", make<RestIsSavedUp>},
    Fault{"answers_by_key", "answers come in the order of the rows", "budgets.answers_come_in_order", make<AnswersByKey>},
    Fault{"bad_amounts_taken", "an amount that is not positive counts as one", "budgets.bad_amounts_are_refused", make<BadAmountsTaken>},
    Fault{"reserve_not_atomic", "each budget request is a transaction of its own", "budgets.bad_amounts_are_refused", make<ReserveNotAtomic>},
    Fault{"prune_forgets_budgets", "prune takes budgets that are given out beyond now", "budgets.what_is_given_out_is_not_forgotten", make<PruneForgetsBudgets>},

    // telling_faults.h
    Fault{"revision_stands_still", "vectors do not move the revision", "every_replica_sees_new_vectors.every_change_grows_the_revision", make<RevisionStandsStill>},
    Fault{"feed_tells_the_last_only", "the feed keeps one changed spec", "every_replica_sees_new_vectors.each_changed_spec_is_told_once", make<FeedTellsTheLastOnly>},
    Fault{"feed_tells_the_jobs_own_spec", "a vector is told of to its job's spec only", "every_replica_sees_new_vectors.every_user_of_a_text_is_told", make<FeedTellsTheJobsOwnSpec>},
    Fault{"feed_hides_what_was_pruned", "a reader from before the oldest row gets what is left", "history_is_bounded.no_reader_misses_a_pruned_change", make<FeedHidesWhatWasPruned>},
    Fault{"revision_begins_anew", "the revision is a column of the catalog's row", "deleted_means_gone.a_catalog_made_anew_never_shows_an_old_revision", make<RevisionBeginsAnew>},
    Fault{"vectors_as_a_set", "a text asked for twice is answered once", "ranking.a_hash_asked_for_twice_is_answered_twice", make<VectorsAsASet>},
    Fault{"force_is_forgotten_by_readers", "a status counts vectors from before the force", "reads_are_cheap.a_force_concerns_its_spec_alone", make<ForceIsForgottenByReaders>},
    Fault{"counts_of_the_serving_profile", "health counts what the catalog is ranked by", "reads_are_cheap.counts_are_of_the_target_profile", make<CountsOfTheServingProfile>},
    Fault{"unknown_catalog_is_empty", "an unknown catalog has no statuses", "absence_is_said.an_unknown_catalog_is_named", make<UnknownCatalogIsEmpty>},
    Fault{"empty_specs_are_never_indexed", "a spec without operations waits for its first vector", "reads_are_cheap.health_adds_up", make<EmptySpecsAreNeverIndexed>},
    Fault{"diagnosis_is_a_heartbeat", "a diagnosis writes the heartbeat of whoever asks", "diagnosis.nothing_is_changed", make<DiagnosisIsAHeartbeat>},
    Fault{"fault_without_a_mend", "a fault is told without what to do", "diagnosis.an_empty_store_is_diagnosed", make<FaultWithoutAMend>},
};
// clang-format on

}  // namespace

std::span<const Fault> store_faults() {
    return planted_faults;
}

}  // namespace embedq::conformance
