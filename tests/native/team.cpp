#include "core/team.h"

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

}  // namespace

void teams() {
  for (const int threads : {1, 2, 3, 8}) {
    work_together(threads);
    for (int rank = 0; rank < threads; ++rank) throw_in(threads, rank);
  }
}

}  // namespace fastdnn::native
