#include "core/team.h"

#include <algorithm>
#include <chrono>
#include <climits>
#include <thread>

#include "core/threads.h"
#include "kernels/gemm.h"
#include "tests.h"

namespace fastdnn::native {
namespace {

// All threads take their shares, and write what the others read behind a barrier.
void work_together(int threads) {
  constexpr Index kElements = 1000;
  std::vector<int> written(kElements, -1);
  std::vector<Index> ends(static_cast<std::size_t>(threads), 0);
  int ran = 0;
  const TeamRun run = run_team(threads, [&](Team& team) {
    for (int round = 0; round < 20; ++round) {
      const Range share = team.share(kElements, 16);
      for (Index i = share.begin; i < share.end; ++i) written[static_cast<std::size_t>(i)] = round;
      team.barrier();
      for (const int value : written) expect(value == round, "read ", value, " in round ", round);
      team.barrier();
    }
    ends[static_cast<std::size_t>(team.rank())] = team.share(kElements, 16).end;
    if (team.rank() == 0) ran = team.size();
  });
  const int size = run.threads;
  expect(size == ran, "ran ", ran, " threads, said ", size);
  expect(size == threads || std::string(team_backend()) == "serial", "asked for ", threads, ", got ", size);
  expect(ends[static_cast<std::size_t>(size - 1)] == kElements, "shares do not cover all");
}

// The exception of one thread ends the others, which wait for it.
void throw_in(int threads, int rank) {
  try {
    run_team(threads, [&](Team& team) {
      if (team.rank() == rank) throw Failure("thrown");
      team.barrier();
    });
  } catch (const Failure&) {
    return;
  }
  expect(std::string(team_backend()) == "serial" && rank > 0, "rank ", rank, " of ", threads,
         " has thrown, and nobody caught it");
}

// A flag that one thread raises ends all, wherever they are: at their work or at a barrier.
void stop_by(int threads, int rank) {
  std::atomic<bool> stop{false};
  bool interrupted = false;
  try {
    run_team(
        threads,
        [&](Team& team) {
          if (team.rank() == rank % team.size()) stop = true;
          if (team.rank() % 2 == 1) team.barrier();
          for (;;) team.poll();
        },
        &stop);
  } catch (const Interrupted&) {
    interrupted = true;
  }
  expect(interrupted, "rank ", rank, " of ", threads, " was told to stop, and nobody was told");
}

// Who has passed a barrier stays past it, though another thread breaks the team at once behind it.
void throw_behind_a_barrier(int threads, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    std::atomic<int> past{0};
    int ran = 0;
    try {
      run_team(threads, [&](Team& team) {
        if (team.rank() == 0) ran = team.size();
        team.barrier();
        ++past;
        if (team.rank() == round % team.size()) throw Failure("thrown");
        team.barrier();
      });
    } catch (const Failure&) {
    }
    expect(past == ran, past.load(), " of ", ran, " threads came past a barrier that all had reached");
  }
}

// A product that is told to stop writes nothing.
void stop_gemm(int threads) {
  constexpr Index kSize = 70;
  const std::atomic<bool> stop{true};
  const std::vector<float> a(kSize * kSize, 1.0F);
  std::vector<float> c(kSize * kSize, 7.0F);
  Gemm<float> g;
  g.c = {c.data(), kSize, kSize, kSize};
  g.a = {a.data(), kSize, kSize, kSize};
  g.b = {a.data(), kSize, kSize, kSize};
  bool interrupted = false;
  try {
    run_team(threads, [&](Team& team) { gemm<float>(team, g, nullptr); }, &stop);
  } catch (const Interrupted&) {
    interrupted = true;
  }
  expect(interrupted, "a product on ", threads, " threads went on");
  for (const float value : c) expect(value == 7.0F, "wrote ", value);
}

// What threads wait for a late one is said, to the team and of the region.
void wait_for_a_late_one(int threads) {
  constexpr std::chrono::milliseconds kLate{20};
  constexpr int kTries = 20;  // beside other work a region may take long for reasons of its own
  TeamRun run;
  bool said = false, waits = true;
  for (int i = 0; i < kTries && !(waits && said && waits_mostly(run)); ++i) {
    run = run_team(threads, [&](Team& team) {
      if (team.rank() == 0) std::this_thread::sleep_for(kLate);
      team.barrier();
      team.barrier();  // behind which those who waited at the first one have said how long
      if (team.rank() == 0) said = team.waits_mostly();
    });
    waits = run.threads > 1;
    expect(run.elapsed >= kLate, "a region of 20 ms took ", run.elapsed.count(), " ns");
    expect(run.waited <= run.elapsed * run.threads, "waited ", run.waited.count(), " ns");
    if (!waits) break;
  }
  expect(waits_mostly(run) == waits && said == waits, run.threads, " threads waited ", run.waited.count(),
         " of ", run.elapsed.count(), " ns, and said ", said);
}

// How long default counts are limited from now on.
std::chrono::steady_clock::duration limit_ends() {
  const auto begin = std::chrono::steady_clock::now();
  while (uncrowded_threads() != INT_MAX) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return std::chrono::steady_clock::now() - begin;
}

// Teams that wait mostly halve default counts for a while, the second time for longer; given ones stay.
void make_room() {
  using std::chrono::microseconds;
  using std::chrono::milliseconds;
  forget_crowd();
  const int most = ThreadLease(0, 1000).threads();
  note_team({4, milliseconds(10), milliseconds(29)});
  expect(uncrowded_threads() == 2, "4 that wait leave ", uncrowded_threads());
  expect(ThreadLease(0, 1000).threads() == std::min(most, 2), "a lease does not know");
  expect(ThreadLease(7, 1000).threads() == 7, "a given count was changed");
  expect(limit_ends() > milliseconds(50), "the limit was short");
  for (int i = 0; i < 4; ++i)
    note_team({2, milliseconds(1), microseconds(900)});  // short regions count together
  expect(uncrowded_threads() == 1, "2 that wait leave ", uncrowded_threads());
  expect(limit_ends() > milliseconds(150), "the second limit was no longer than the first");
  // What waits less, or for less than a time slice, is no reason.
  for (int i = 0; i < 100; ++i) note_team({2, milliseconds(1), microseconds(300)});
  note_team({2, milliseconds(2), milliseconds(2)});
  expect(uncrowded_threads() == INT_MAX, "limited to ", uncrowded_threads());
  ThreadLease lease(0, 1000);
  for (int i = 0; i < 20; ++i) lease.note({4, milliseconds(10), milliseconds(29)});
  expect(lease.threads() == std::min(most, 2), "a lease keeps ", lease.threads());
  forget_crowd();
  expect(uncrowded_threads() == INT_MAX, "limited to ", uncrowded_threads());
}

}  // namespace

void teams() {
  make_room();
  for (const int threads : {1, 2, 3, 8}) {
    work_together(threads);
    for (int rank = 0; rank < threads; ++rank) throw_in(threads, rank);
    for (int rank = 0; rank < threads; ++rank) stop_by(threads, rank);
    throw_behind_a_barrier(threads, 200);
    stop_gemm(threads);
    wait_for_a_late_one(threads);
  }
}

}  // namespace fastdnn::native
