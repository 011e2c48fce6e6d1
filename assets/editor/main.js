export function mountEditor() {}
