#include "engine/operation.h"

#include <cstring>
#include <unordered_map>

#include "core/check.h"

namespace fastdnn {
namespace {

using Table = std::unordered_map<std::string, Operation>;

Table all_operations() {
  Table table;
  for (const auto family :
       {dense_operations, activation_operations, normalization_operations, loss_operations, row_operations,
        table_operations, sparse_operations, call_operations, penalty_operations}) {
    for (Operation& operation : family()) table.emplace(operation.name, std::move(operation));
  }
  return table;
}

}  // namespace

bool Operation::is(const char* other) const {
  return std::strcmp(name, other) == 0;
}

const Operation& operation_named(const std::string& name) {
  static const Table table = all_operations();
  const auto found = table.find(name);
  check(found != table.end(), "Program", "expected a known operation, got '", name, "'");
  return found->second;
}

std::string option_name(const char* option) {
  const char* end = std::strchr(option, '=');
  return end == nullptr ? option : std::string(option, end);
}

double option_number(const char* option, const std::string& name) {
  const char* values = std::strchr(option, '=');
  check(values != nullptr, "Program", "expected a number for '", option, "', got '", name, "'");
  const std::string list = std::string(values + 1) + '|';
  double number = 0;
  for (std::size_t begin = 0; begin < list.size(); ++number) {
    const std::size_t end = list.find('|', begin);
    if (list.compare(begin, end - begin, name) == 0) return number;
    begin = end + 1;
  }
  fail("Program", "expected one of ", values + 1, " for '", option_name(option), "', got '", name, "'");
}

}  // namespace fastdnn
