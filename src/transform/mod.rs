//! Edits to all objects: patches, namespace, names, labels, annotations, images, replicas.
