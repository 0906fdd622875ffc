#include "core/team.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <exception>
#include <mutex>

#include "core/barrier.h"
#include "core/check.h"
#include "core/float_control.h"

#if defined(FASTDNN_TEAM_OPENMP)
#include <omp.h>
#include <pthread.h>
#elif defined(FASTDNN_TEAM_STD_THREAD)
#include <thread>
#include <vector>
#endif

namespace fastdnn {

struct TeamState {
  using Clock = std::chrono::steady_clock;

  explicit TeamState(const std::atomic<bool>* flag) : stop(flag) {}

  const std::atomic<bool>* const stop;
  const bool flush = flush_denormal();
  Barrier barrier;
  const Clock::time_point begin = Clock::now();
  std::atomic<bool> broken{false};
  std::mutex mutex;
  std::exception_ptr first_error;

  TeamRun run_of(int threads) const { return {threads, Clock::now() - begin, barrier.waited()}; }

  void keep_error() {
    const std::lock_guard<std::mutex> lock(mutex);
    if (!first_error) first_error = std::current_exception();
    broken = true;
  }
};

namespace {

// Ends the other threads of a region in which one has thrown.
struct BrokenTeam {};

void run_member(int rank, int size, TeamState& state, const std::function<void(Team&)>& body) noexcept {
  const DenormalScope denormals(state.flush);
  try {
    Team team(rank, size, state, state.stop);
    body(team);
    team.barrier();  // here waits who is done first, and not in the backend, which does not say how long
  } catch (const BrokenTeam&) {
    // Another thread has kept the reason.
  } catch (...) {
    state.keep_error();
  }
}

#if defined(FASTDNN_TEAM_OPENMP)
std::atomic<bool> had_region{false};  // else there is nothing to release, and perhaps no runtime yet

// libgomp's idle workers do not survive a fork, and a region in the child then waits for them for ever.
// Releasing them before the fork makes both processes start afresh.
void pause_runtime() {
  omp_pause_resource_all(omp_pause_soft);
}

void before_fork() {
  if (had_region) pause_runtime();
}
const int hook = pthread_atfork(before_fork, nullptr, nullptr);

int run_region(int threads, TeamState& state, const std::function<void(Team&)>& body) {
  had_region = true;
  int ran = 1;
#pragma omp parallel num_threads(threads)
  {
    const int size = omp_get_num_threads();
    if (omp_get_thread_num() == 0) ran = size;
    run_member(omp_get_thread_num(), size, state, body);
  }
  return ran;
}
#elif defined(FASTDNN_TEAM_STD_THREAD)
int run_region(int threads, TeamState& state, const std::function<void(Team&)>& body) {
  std::vector<std::thread> workers;
  for (int rank = 1; rank < threads; ++rank) {
    workers.emplace_back([&, rank] { run_member(rank, threads, state, body); });
  }
  run_member(0, threads, state, body);
  for (std::thread& worker : workers) worker.join();
  return threads;
}
#else
int run_region(int, TeamState& state, const std::function<void(Team&)>& body) {
  run_member(0, 1, state, body);
  return 1;
}
#endif

}  // namespace

void Team::barrier() {
  if (!state_.barrier.wait(size_, state_.broken)) throw BrokenTeam{};
}

bool Team::waits_mostly() const {
  // Without any wait there is no need to look at the clock.
  return state_.barrier.waited().count() > 0 && fastdnn::waits_mostly(state_.run_of(size_));
}

Range Team::share(Index n, Index grain) const {
  const Index grains = (n + grain - 1) / grain;
  const auto bound = [&](Index rank) { return std::min(n, grains * rank / size_ * grain); };
  return {bound(rank_), bound(rank_ + 1)};
}

TeamRun run_team(int threads, const std::function<void(Team&)>& body, const std::atomic<bool>* stop) {
  check(threads >= 1, "run_team", "expected at least one thread, got ", threads);
  TeamState state(stop);
  int ran = 1;
  if (threads == 1) {
    run_member(0, 1, state, body);  // no region: nothing to start, nothing that a fork could lose
  } else {
    ran = run_region(threads, state, body);
  }
  if (state.first_error) std::rethrow_exception(state.first_error);
  return state.run_of(ran);
}

void release_workers() {
#if defined(FASTDNN_TEAM_OPENMP) && !defined(__clang__)
  pause_runtime();  // libgomp has workers for each calling thread; LLVM's runtime shares them
#endif
}

int backend_limit() {
#if defined(FASTDNN_TEAM_OPENMP)
  return std::max(1, omp_get_max_threads());
#else
  return INT_MAX;
#endif
}

const char* team_backend() {
#if defined(FASTDNN_TEAM_OPENMP)
  return "openmp";
#elif defined(FASTDNN_TEAM_STD_THREAD)
  return "std_thread";
#else
  return "serial";
#endif
}

}  // namespace fastdnn
