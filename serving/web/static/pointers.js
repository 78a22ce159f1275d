// JSON pointers, in which ~ is written as ~0 and / as ~1.

export const point = (name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;

export const split = (pointer) => pointer.split("/").slice(1)
  .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
