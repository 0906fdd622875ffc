// Which unit runs: the best one that this build has and this processor can run,
// or the one that FASTDNN_ISA names.
#include "isa/dispatch.h"

#include <cstdlib>
#include <string>

#include "core/check.h"
#include "core/cpu.h"
#include "isa/table.h"

namespace fastdnn {

namespace portable {
void fill(KernelTable& table);
}
namespace avx2 {
void fill(KernelTable& table);
}
namespace avx512 {
void fill(KernelTable& table);
}
namespace neon {
void fill(KernelTable& table);
}

namespace {

struct Unit {
  const char* name;
  bool (*runs_here)();
  void (*fill)(KernelTable& table);
};

// From the plainest to the best. What this build holds is CMake's choice, FASTDNN_UNITS.
constexpr Unit kUnits[] = {
    {"portable", [] { return true; }, portable::fill},
#if defined(FASTDNN_HAS_avx2)
    {"avx2", [] { return cpu_features().avx2_fma; }, avx2::fill},
#endif
#if defined(FASTDNN_HAS_avx512)
    {"avx512", [] { return cpu_features().avx512; }, avx512::fill},
#endif
#if defined(FASTDNN_HAS_neon)
    {"neon", [] { return true; }, neon::fill},
#endif
};

std::string forced_unit() {
  const char* text = std::getenv("FASTDNN_ISA");
  return text == nullptr ? "" : text;
}

KernelTable choose() {
  const std::string forced = forced_unit();
  KernelTable table{};
  for (const Unit& unit : kUnits) {
    if (!unit.runs_here()) break;
    unit.fill(table);
    if (forced == unit.name) break;
  }
  if (!forced.empty() && forced != table.unit) {
    std::string names;
    for (const std::string& name : available_units()) names += (names.empty() ? "" : ", ") + name;
    fail("FASTDNN_ISA",
         "expected one of the instruction sets that this build has and this processor runs: ", names,
         "; got '", forced, "'; unset the variable for the best one");
  }
  return table;
}

}  // namespace

std::vector<std::string> available_units() {
  std::vector<std::string> names;
  for (const Unit& unit : kUnits) {
    if (unit.runs_here()) names.emplace_back(unit.name);
  }
  return names;
}

const KernelTable& kernel_table() {
  static const KernelTable table = choose();
  return table;
}

}  // namespace fastdnn
