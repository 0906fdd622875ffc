#include "engine/feed.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/check.h"
#include "core/team.h"
#include "engine/plan.h"
#include "kernels/csr_matmul.h"
#include "kernels/gather.h"

namespace fastdnn {
namespace {

// What the numbers of an integer value must stay below: the least of the columns of the predictions that they
// are held against, and of the rows of the tables that they select from or add to.
Index limit_of(const Program& program, int indices) {
  Index limit = Index{1} << 31;
  for (const Op& op : program.ops()) {
    for (std::size_t i = 0; i < op.inputs.size(); ++i) {
      if (op.inputs[i] != indices || op.operation->calls) continue;  // calls address nothing by them
      const Value& other = program.value(i == 0 ? op.outputs[0] : op.inputs[0]);
      limit = std::min(limit, other.rows == 0 ? other.cols : other.rows);
    }
  }
  return limit;
}

}  // namespace

Feed::Feed(const Program& program, Dtype dtype, const std::vector<Source>& arrays)
    : dtype_(dtype), sources_(arrays.size()), integer_(arrays.size()) {
  std::size_t fed = 0;
  for (std::size_t i = 0; i < program.values().size(); ++i) {
    const Value& value = program.values()[i];
    if (value.role != Role::source) continue;
    const auto slot = static_cast<std::size_t>(value.slot);
    check(slot < arrays.size() && sources_[slot].data == nullptr, "Feed",
          "expected an array for each source, got ", arrays.size(), "; '", value.name, "' is number ",
          value.slot);
    const Source& array = arrays[slot];
    const bool sparse = array.sparse.starts != nullptr;
    check(sparse == value.sparse, "Feed", "expected '", value.name, "' as a ",
          value.sparse ? "sparse" : "dense", " array");
    check(array.cols == value.cols && (sparse || array.data != nullptr) && array.rows >= 1, "Feed",
          "expected '", value.name, "' as (rows, ", value.cols, "), got (", array.rows, ", ", array.cols,
          ")");
    check(fed == 0 || array.rows == rows_, "Feed", "expected as many rows in every array, got ", rows_,
          " and ", array.rows);
    rows_ = array.rows;
    sources_[slot] = value.integer ? own_indices(program, static_cast<int>(i), array) : array;
    integer_[slot] = value.integer;
    ++fed;
  }
  check(fed == arrays.size(), "Feed", "expected ", fed, " arrays, got ", arrays.size());
}

Source Feed::own_indices(const Program& program, int value, const Source& array) {
  const Index limit = limit_of(program, value);
  const std::string& name = program.value(value).name;
  indices_.emplace_back(
      checked_mul(checked_mul(array.rows, array.cols, "Feed"), size_of(Dtype::i32), "Feed"));
  auto* own = reinterpret_cast<std::int32_t*>(indices_.back().data());
  // Through double, which holds every index; what it rounds is beyond the limit.
  const Index block = std::max<Index>(1, 4096 / array.cols);
  std::vector<std::int32_t> order(static_cast<std::size_t>(std::min(block, array.rows)));
  std::iota(order.begin(), order.end(), 0);
  std::vector<double> numbers(order.size() * static_cast<std::size_t>(array.cols));
  Source rest = array;
  for (Index first = 0; first < array.rows; first += block) {
    const Index rows = std::min(block, array.rows - first);
    rest.data = static_cast<const std::byte*>(array.data) + first * array.row_stride * item_bytes(array.type);
    rest.rows = rows;
    run_team(1, [&](Team& team) {
      gather_features<double>(team, {numbers.data(), rows, array.cols, array.cols}, rest, order.data(), {});
    });
    for (Index i = 0; i < rows * array.cols; ++i) {
      const double number = numbers[static_cast<std::size_t>(i)];
      check(number >= 0 && number < static_cast<double>(limit) && number == std::floor(number), "Feed",
            "expected '", name, "' as whole numbers from 0 to ", limit - 1, ", got ", number, " in row ",
            first + i / array.cols, ", column ", i % array.cols);
      own[first * array.cols + i] = static_cast<std::int32_t>(number);
    }
  }
  return {own, SourceType::i32, array.rows, array.cols, array.cols, 1};
}

bool Feed::is_sparse() const {
  return std::any_of(sources_.begin(), sources_.end(),
                     [](const Source& source) { return source.sparse.starts != nullptr; });
}

std::vector<Source> Feed::at_row(Index first) const {
  std::vector<Source> sources = sources_;
  for (Source& source : sources) {
    source.rows -= first;
    if (source.sparse.starts != nullptr) {
      source.sparse.starts =
          static_cast<const std::byte*>(source.sparse.starts) + first * (source.sparse.wide ? 8 : 4);
      continue;
    }
    source.data =
        static_cast<const std::byte*>(source.data) + first * source.row_stride * item_bytes(source.type);
  }
  return sources;
}

template <class T>
std::optional<NonFinite> Feed::find_in_sparse(int source, Index first, const std::int32_t* order,
                                              Index n) const {
  const Source x = at_row(first)[static_cast<std::size_t>(source)];
  std::optional<NonFinite> found;
  for (Index r = 0; r < n; ++r) {
    if (found && first + order[r] >= found->row) continue;
    const NonFiniteEntry entry = csr_non_finite<T>(x, order[r]);
    if (entry.found) found = NonFinite{source, first + order[r], entry.column, entry.value};
  }
  return found;
}

template <class T>
std::optional<NonFinite> Feed::find_in(int source, Index first, const std::int32_t* order, Index n) const {
  const Source x = at_row(first)[static_cast<std::size_t>(source)];
  if (x.sparse.starts != nullptr) return find_in_sparse<T>(source, first, order, n);
  const AlignedBuffer buffer(x.cols * static_cast<Index>(sizeof(T)));
  auto* row = reinterpret_cast<T*>(buffer.data());
  std::optional<NonFinite> found;
  run_team(1, [&](Team& team) {
    for (Index r = 0; r < n; ++r) {
      if (found && first + order[r] >= found->row) continue;
      if (gather_features<T>(team, {row, 1, x.cols, x.cols}, x, order + r, {})) continue;
      const T* bad = std::find_if(row, row + x.cols, [](T v) { return !std::isfinite(v); });
      if (bad == row + x.cols) continue;  // overwritten while it was read
      found = NonFinite{source, first + order[r], bad - row, static_cast<double>(*bad)};
    }
  });
  return found;
}

NonFinite Feed::find_non_finite(Index first, const std::int32_t* order, Index n) const {
  for (int source = 0; source < static_cast<int>(sources_.size()); ++source) {
    if (integer_[static_cast<std::size_t>(source)]) continue;
    const auto found = dtype_ == Dtype::f64 ? find_in<double>(source, first, order, n)
                                            : find_in<float>(source, first, order, n);
    if (found) return *found;
  }
  return {};
}

}  // namespace fastdnn
