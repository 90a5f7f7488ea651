// Package odata reads the OData options $filter and $orderby into a checked tree, and turns it into SQL with parameters.
// It knows nothing of tables: the caller says which members there are and which SQL expression stands for each.
package odata
