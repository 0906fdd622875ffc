#include "core/team.h"

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
  const int size = run_team(threads, [&](Team& team) {
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

}  // namespace

void teams() {
  for (const int threads : {1, 2, 3, 8}) {
    work_together(threads);
    for (int rank = 0; rank < threads; ++rank) throw_in(threads, rank);
    for (int rank = 0; rank < threads; ++rank) stop_by(threads, rank);
    throw_behind_a_barrier(threads, 200);
    stop_gemm(threads);
  }
}

}  // namespace fastdnn::native
