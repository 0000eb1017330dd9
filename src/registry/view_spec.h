// Compiling a feature view's definition into what the engines read.
#pragma once

#include "registry/snapshot.h"

namespace featly {

/// The view as a ViewSpec (its `proto` is `view`). Entities of `registry` give the types of join
/// keys that the view itself does not type. kNotImplemented naming what is not built yet; kCorrupt
/// for a definition that makes no sense.
Result<ViewSpec> CompileView(const feast::core::FeatureView& view,
                             const feast::core::Registry& registry);

/// The source of rows in files. kNotImplemented for a source or a format that is not built yet;
/// `whose` ("feature view 'x'") begins the message.
Result<SourceSpec> CompileSource(const feast::core::DataSource& source, const std::string& whose);

}  // namespace featly
