// Which unit runs: the best one that this build has and this processor can run, or the one that FASTDNN_ISA
// names.
#include "isa/dispatch.h"

#include <cstdlib>
#include <string>

#include "core/check.h"
#include "isa/table.h"

namespace fastdnn {
namespace {

struct Unit {
  const char* name;
  bool (*runs_here)();
  void (*fill)(KernelTable& table);  // overwrites the entries that this unit does better
};

// From the plainest to the best.
constexpr Unit kUnits[] = {
    {"portable", [] { return true; },
     [](KernelTable& table) {
       fill_portable_gemm(table);
       fill_portable_pointwise(table);
       fill_portable_loss(table);
       fill_portable_update(table);
     }},
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
    table.unit = unit.name;
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
