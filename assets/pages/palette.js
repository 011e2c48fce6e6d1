export function palette() {}
