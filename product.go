package wats

// ProductService keeps products, their revisions and what they are built of.
type ProductService struct{ client *Client }
