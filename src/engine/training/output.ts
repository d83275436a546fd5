import type { DataFolder } from '../../files/data-folder.ts';
import { openFolder } from '../../files/open-folder.ts';
import { fileHash, manifestName, stageManifest } from '../../files/manifest.ts';
import { fileEnding } from '../../files/names.ts';
import { parquetEncoder, type EncodeFile } from '../../files/parquet-writer.ts';
import type { FileColumn } from '../../files/parquet-schema.ts';
import type { Row } from '../../types/sql-type.ts';
import { ColumnFacts } from '../column-facts.ts';

/** Writes rows as files of so many rows each, and what the manifest says of them. */
export class TrainingFiles {
  readonly #folder: DataFolder;
  readonly #rowsPerFile: number;
  readonly #encode: EncodeFile;
  #rows: Row[] = [];
  readonly #files: { name: string; rows: number; sha256: string }[] = [];
  readonly #facts: ColumnFacts;
  count = 0;

  private constructor(path: string, columns: readonly FileColumn[], rowsPerFile: number, encode: EncodeFile) {
    this.#folder = openFolder(path);
    this.#rowsPerFile = rowsPerFile;
    this.#encode = encode;
    this.#facts = new ColumnFacts(columns);
  }
  static async open(path: string, columns: readonly FileColumn[], rowsPerFile: number): Promise<TrainingFiles> {
    const files = new TrainingFiles(path, columns, rowsPerFile, await parquetEncoder(columns));
    await files.#folder.discard(await files.#folder.staged());
    return files;
  }

  async add(row: Row): Promise<void> {
    this.#facts.add(row);
    this.#rows.push(row);
    this.count++;
    if (this.#rows.length >= this.#rowsPerFile) await this.#write();
  }
  async #write(): Promise<void> {
    const name = `part-${String(this.#files.length).padStart(5, '0')}${fileEnding}`;
    const bytes = this.#encode(this.#rows);
    await this.#folder.stage(name, bytes);
    this.#files.push({ name, rows: this.#rows.length, sha256: fileHash(bytes) });
    this.#rows = [];
  }

  /** Shows the files in place of those that were there, the manifest last. What folders below hold is not of this set. */
  async finish(facts: Readonly<Record<string, unknown>>): Promise<void> {
    if (this.#rows.length > 0 || this.#files.length === 0) await this.#write();
    const manifest = {
      ...facts,
      rows: this.count,
      columns: this.#facts.result,
      files: this.#files,
    };
    await stageManifest(this.#folder, manifest);
    const replaced = (await this.#folder.shown(fileEnding)).filter((name) => !name.includes('/'));
    await this.#folder.remove([manifestName, ...replaced]);
    await this.#folder.show(this.#files.map(({ name }) => name));
    await this.#folder.show([manifestName]);
  }
}
