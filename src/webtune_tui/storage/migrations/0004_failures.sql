-- The error and warning rows of a collection, found without reading its data rows.
CREATE INDEX records_failed ON records (collection_id, position) WHERE kind <> 'data';
