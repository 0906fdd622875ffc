#include "engine/feed.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/team.h"
#include "engine/plan.h"
#include "kernels/gather.h"

namespace fastdnn {
namespace {

Index item_bytes(SourceType type) {
  switch (type) {
    case SourceType::b8:
    case SourceType::u8:
    case SourceType::i8:
      return 1;
    case SourceType::u16:
    case SourceType::i16:
    case SourceType::f16:
      return 2;
    case SourceType::u32:
    case SourceType::i32:
    case SourceType::f32:
      return 4;
    case SourceType::u64:
    case SourceType::i64:
    case SourceType::f64:
      return 8;
  }
  return 0;
}

// The number of classes that the labels of a value select from:
// the least width of the predictions they are held against.
Index classes_of(const Program& program, int labels) {
  Index classes = Index{1} << 31;
  for (const Op& op : program.ops()) {
    const bool indexes = op.inputs.size() >= 2 && op.inputs[1] == labels && program.value(labels).integer;
    if (indexes) classes = std::min(classes, program.value(op.inputs[0]).cols);
  }
  return classes;
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
    check(array.cols == value.cols && array.data != nullptr && array.rows >= 1, "Feed", "expected '",
          value.name, "' as (rows, ", value.cols, "), got (", array.rows, ", ", array.cols, ")");
    check(fed == 0 || array.rows == rows_, "Feed", "expected as many rows in every array, got ", rows_,
          " and ", array.rows);
    rows_ = array.rows;
    sources_[slot] = value.integer ? own_labels(program, static_cast<int>(i), array) : array;
    integer_[slot] = value.integer;
    ++fed;
  }
  check(fed == arrays.size(), "Feed", "expected ", fed, " arrays, got ", arrays.size());
}

Source Feed::own_labels(const Program& program, int value, const Source& array) {
  check(array.type == SourceType::i32, "Feed", "expected labels '", program.value(value).name, "' in int32");
  const Index classes = classes_of(program, value);
  labels_.emplace_back(checked_mul(array.rows, array.cols * size_of(Dtype::i32), "Feed"));
  auto* own = reinterpret_cast<std::int32_t*>(labels_.back().data());
  const auto* given = static_cast<const std::int32_t*>(array.data);
  for (Index r = 0; r < array.rows; ++r) {
    for (Index c = 0; c < array.cols; ++c) {
      own[r * array.cols + c] = given[r * array.row_stride + c * array.col_stride];
    }
  }
  for (Index i = 0; i < array.rows * array.cols; ++i) {  // the copy: the array may have changed since
    check(own[i] >= 0 && own[i] < classes, "Feed", "expected labels 0 to ", classes - 1, ", got ", own[i],
          " in row ", i / array.cols);
  }
  return {own, SourceType::i32, array.rows, array.cols, array.cols, 1};
}

std::vector<Source> Feed::at_row(Index first) const {
  std::vector<Source> sources = sources_;
  for (Source& source : sources) {
    source.data =
        static_cast<const std::byte*>(source.data) + first * source.row_stride * item_bytes(source.type);
    source.rows -= first;
  }
  return sources;
}

template <class T>
std::optional<NonFinite> Feed::find_in(int source, Index first, const std::int32_t* order, Index n) const {
  const Source x = at_row(first)[static_cast<std::size_t>(source)];
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
