#include <pybind11/stl.h>

#include <chrono>
#include <climits>
#include <optional>

#include "bindings/arrays.h"
#include "bindings/gil.h"
#include "bindings/register.h"
#include "core/aligned.h"
#include "core/crowd.h"
#include "core/float_control.h"
#include "core/team.h"
#include "isa/table.h"
#include "kernels/gemm.h"

namespace fastdnn::bindings {
namespace {

py::array guarded_array(const std::vector<Index>& shape, const std::string& dtype, const std::string& edge) {
  check(edge == "head" || edge == "tail", "guarded_array", "expected edge 'head' or 'tail', got '", edge,
        "'");
  const py::dtype type = py::dtype(dtype);
  Index bytes = type.itemsize();
  for (const Index extent : shape) bytes = checked_mul(bytes, extent, "guarded_array");
  auto* block = new GuardedBlock(bytes, edge == "head" ? GuardedBlock::Edge::head : GuardedBlock::Edge::tail);
  const py::capsule owner(block, [](void* p) { delete static_cast<GuardedBlock*>(p); });
  return py::array(type, shape, block->data(), owner);
}

// What each rank of a team of `threads` saw: its size, its share of n, and whether the barriers kept order.
py::list team_report(int threads, Index n, Index grain, int rounds) {
  std::vector<std::vector<Index>> rows(static_cast<std::size_t>(std::max(threads, 1)));
  std::vector<Index> counters(rows.size() * 8, 0);  // a cache line each
  bool in_order = true;
  int ran = 0;
  {
    const WithoutGil release;
    const TeamRun run = run_team(threads, [&](Team& team) {
      const auto rank = static_cast<std::size_t>(team.rank());
      const Range share = team.share(n, grain);
      rows[rank] = {team.rank(), team.size(), share.begin, share.end};
      for (int round = 1; round <= rounds; ++round) {
        counters[rank * 8] = round;
        team.barrier();
        if (team.rank() == 0) {
          for (int other = 0; other < team.size(); ++other) {
            in_order = in_order && counters[static_cast<std::size_t>(other) * 8] == round;
          }
        }
        team.barrier();
      }
    });
    ran = run.threads;
  }
  check(in_order, "team_report", "expected every thread at each barrier");
  rows.resize(static_cast<std::size_t>(ran));
  return py::cast(rows);
}

// None where we do not know how to ask.
std::optional<std::uint64_t> float_control_word() {
  return can_flush_denormal() ? std::optional(float_control()) : std::nullopt;
}

// Of each thread of a team.
std::vector<std::optional<std::uint64_t>> team_float_control(int threads) {
  std::vector<std::optional<std::uint64_t>> words(static_cast<std::size_t>(std::max(threads, 1)));
  const WithoutGil release;
  const TeamRun run = run_team(
      threads, [&](Team& team) { words[static_cast<std::size_t>(team.rank())] = float_control_word(); });
  words.resize(static_cast<std::size_t>(run.threads));
  return words;
}

// What the table in use holds, as its own unit has filled it.
template <class T>
py::dict table_report() {
  const GemmKernels<T>& gemm = kernels<T>().gemm;
  py::dict report;
  report["unit"] = kernel_table().unit;
  report["lanes"] = gemm.lanes;
  report["max_rows"] = std::vector<int>(gemm.max_rows + 1, gemm.max_rows + 1 + gemm.vectors);
  report["blocks"] = std::vector<Index>{kGemmBlocks.height, kGemmBlocks.width, kGemmBlocks.depth};
  return report;
}

}  // namespace

void register_testing(py::module_& m) {
  m.def("live_bytes", &AllocatorProbe::live_bytes);
  m.def("live_blocks", &AllocatorProbe::live_blocks);
  m.def("total_allocations", &AllocatorProbe::total_allocations);
  m.def("fail_after", &AllocatorProbe::fail_after, py::arg("n"),
        "The n-th allocation from now fails; -1: none.");
  m.def("set_poison", &AllocatorProbe::set_poison, py::arg("on"),
        "Memory that is not asked to be zero is NaN.");
  m.def("set_guard_pages", &AllocatorProbe::set_guard_pages, py::arg("on"),
        "New memory ends at an inaccessible page.");
  m.def("guarded_array", &guarded_array, py::arg("shape"), py::arg("dtype"), py::arg("edge"),
        "An array whose first ('head') or last ('tail') byte touches an inaccessible page.");
  m.def("team_report", &team_report, py::arg("threads"), py::arg("n"), py::arg("grain"), py::arg("rounds"),
        "[rank, size, first, last] of each thread of a team, after `rounds` of barriers.");
  m.def("float_control", &float_control_word,
        "This thread's floating-point control word, without the status bits.");
  m.def("team_float_control", &team_float_control, py::arg("threads"),
        "The control word of each thread of a team.");
  m.def(
      "note_team",
      [](int threads, double elapsed, double waited) {
        const auto time = [](double seconds) {
          return std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(seconds));
        };
        note_team({threads, time(elapsed), time(waited)});
      },
      py::arg("threads"), py::arg("elapsed"), py::arg("waited"),
      "As if a region of default threads had taken, and all together waited, so many seconds.");
  m.def("forget_crowd", &forget_crowd, "Ends the limit of default counts that `note_team` has set.");
  m.def(
      "uncrowded_threads",
      [] {
        const int most = uncrowded_threads();
        return most == INT_MAX ? std::nullopt : std::optional(most);
      },
      "What default counts are limited to for now, since other programs take the cores; None: nothing.");
  m.def(
      "table_report",
      [](const std::string& dtype) {
        check(dtype == "float32" || dtype == "float64", "table_report", "expected a dtype, got '", dtype,
              "'");
        return dtype == "float32" ? table_report<float>() : table_report<double>();
      },
      py::arg("dtype"), "The unit in use, its lanes, the rows of gemm's tiles by vectors, gemm's blocks.");
  m.def(
      "team_throw",
      [](int threads, int rank) {
        const WithoutGil release;
        run_team(threads, [&](Team& team) {
          if (team.rank() == rank) throw InputError("thrown by rank " + std::to_string(rank));
          team.barrier();
        });
      },
      py::arg("threads"), py::arg("rank"), "Throws in one thread while the others wait at a barrier.");
}

}  // namespace fastdnn::bindings
