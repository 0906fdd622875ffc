// Rows of trained tables, selected by the integers of a source.
#include "core/check.h"
#include "engine/operations/arguments.h"
#include "kernels/embedding.h"

namespace fastdnn {
namespace {

// Operands: y, table, indices.
template <class T>
void run_embedding(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  const auto index = a.template matrix<std::int32_t>(2);
  embedding<T>(team, a.matrix(0), a.matrix(1), index.data, index.cols);
}

// Of n indices: their row list, then what its sort needs.
struct RowListMemory {
  explicit RowListMemory(Index n)
      : starts(2 * n * static_cast<Index>(sizeof(std::uint64_t))),
        bytes(starts + (3 * n + 1) * static_cast<Index>(sizeof(std::int32_t))) {}
  Index starts;  // behind the sort's memory, which must lie on 8 bytes
  Index bytes;
};

// Operands: dtable, indices, dy. Each thread lists the rows for itself: the others would only wait meanwhile.
template <class T>
void run_embedding_gradient(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  const Matrix<T> dtable = a.matrix(0);
  const auto index = a.template matrix<std::int32_t>(1);
  const Index n = index.rows * index.cols;
  RowList list;
  list.starts = reinterpret_cast<std::int32_t*>(context.scratch + RowListMemory(n).starts);
  list.indices = list.starts + n + 1;
  list.places = list.indices + n;
  list_rows(list, reinterpret_cast<std::uint64_t*>(context.scratch), index.data, n, dtable.rows);
  embedding_backward<T>(team, dtable, a.matrix(2), list, index.cols, step.accumulate);
}

Index row_list_bytes(const Step& step, Index max_batch) {
  const Index n = checked_mul(max_batch, step.operands[1].cols, "Plan");
  check(n < Index{1} << 31, "Plan", "expected fewer than 2^31 indices in a batch, got ", n);
  return RowListMemory(n).bytes;
}

std::string not_side_by_side(const Sizes& sizes, const Options&) {
  return sizes['M'] == sizes['K'] * sizes['D'] ? "" : "the rows of a table side by side";
}

}  // namespace

std::vector<Operation> table_operations() {
  return {
      Operation{"embedding", {"VD", "nKi"}, {"nM"}, {run_embedding<float>, run_embedding<double>}}
          .rows()
          .unless(not_side_by_side),
      Operation{"embedding_gradient",
                {"nKi", "nM"},
                {"VD"},
                {run_embedding_gradient<float>, run_embedding_gradient<double>}}
          .adds()
          .with_scratch(row_list_bytes)
          .unless(not_side_by_side),
  };
}

}  // namespace fastdnn
